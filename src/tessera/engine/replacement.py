"""replace: a token that leaked, traded for a fresh one of the same grant."""

import logging
import secrets
from collections.abc import Container

from django.db.models import Q
from django.views.decorators.debug import sensitive_variables

from tessera import clock
from tessera.conf import prefixes
from tessera.engine.bond import bond, bond_kept
from tessera.engine.issuance import Issued, take
from tessera.engine.keyring import keyring
from tessera.engine.policy import PURPOSES
from tessera.engine.rows.lookup import live
from tessera.engine.rows.storage import alias, update
from tessera.engine.rows.use import note_use
from tessera.engine.verification import prove
from tessera.errors import NotAllowed, Unknown
from tessera.format.opaque import Purpose, mint
from tessera.models import Grant, Kind
from tessera.signals import token_replaced
from tessera.words import gettext_noop

audit = logging.getLogger("tessera.audit")

_READINGS = 3


@sensitive_variables()
def replace(secret: str | bytes, *, accept: Container[Purpose]) -> Issued:
    """Replace `secret` by a fresh one in the same grant. Name, scope, kind and end stay the same.

    An adopted key is replaced by an ordinary token.

    It is one UPDATE: the old token works until its commit, and only the new one afterwards. If two requests race, one
    of them wins and the other is refused.

    Raises:
        InvalidCredential: as `verify`; also if another request replaced it first.
        NotAllowed: it comes with a refresh token. `redeem` that.
        StoreDown: the storage does not answer.
    """
    now, chance = clock.now(), secrets.token_bytes(32)
    for _ in range(_READINGS):
        old, grant = prove(secret, accept, now)
        if grant.generation is not None:
            if grant.rotated_at is not None and grant.seen_at is None:
                # Written down: or a thief could learn here, unseen, when the owner has taken his pair from him.
                note_use(old, now)
            raise NotAllowed(gettext_noop("An access token that comes with a refresh token is renewed by that."))
        keys = keyring()[0]
        purpose = PURPOSES[Kind(grant.kind)] if old.purpose is Purpose.ADOPTED else old.purpose
        fresh, opaque = mint(prefixes()[0], purpose, grant.id, chance, keys)
        changes = {
            "access_digest": opaque.digest,
            "pepper": keys.id,
            "fingerprint": bond(keys, grant.id, grant.subject, to_password=bool(bond_kept(old, grant))),
        }
        unchanged = live(now) & Q(access_digest=old.digest, fingerprint=grant.fingerprint)
        if update(Grant.objects.using(alias()).filter(unchanged, pk=grant.pk), changes):
            take(grant, changes)
            token_replaced.send_robust(Grant, grant=grant)
            audit.info("replaced %s", grant.hint)
            return Issued(fresh, grant)
        # Replaced or ended meanwhile, which the next reading finds out, or its password was merely hashed anew.
    raise Unknown("digest")
