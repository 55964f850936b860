"""Taking over the JWTs of a former package: JWT → claims → row. From then on each is a credential like another.

Nothing of such a token has to be known before: at its first use it gets its row, by one INSERT. So it can be revoked,
and a refresh token that comes back after it was traded ends its grant, as one of ours does.
"""

import hashlib
import hmac
import logging
import secrets
from datetime import datetime

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.views.decorators.debug import sensitive_variables

from tessera import clock, peers
from tessera.engine.adoption.simplejwt import grant_of, user_of, wording
from tessera.engine.adoption.trust import is_trusted, key_of_site
from tessera.engine.bond import is_bound
from tessera.engine.keyring import keyring
from tessera.engine.limits import hold
from tessera.engine.rotation import Reuse
from tessera.engine.rows.lookup import grants_of, inherited
from tessera.engine.rows.storage import alias, storage
from tessera.engine.verification import noting
from tessera.errors import Malformed, PasswordChanged, Revoked, SubjectGone
from tessera.format import jws
from tessera.format.former import PACKAGE, Claims, Former, claims_of, opaques, refuse_untimely
from tessera.format.former_key import prove
from tessera.format.opaque import Opaque, to_bytes
from tessera.models import LONG_AGO, Grant, Kind

audit = logging.getLogger("tessera.audit")

SPENT = "spent"
"""Why a row was revoked that came to be so: its package had already blacklisted the token."""

_OF_ONE_TOKEN = frozenset({"logout", "replaced", "limit", "blacklisted", "deleted", "reset", SPENT, *Reuse})
"""Reasons that say nothing of the other tokens of a user."""

_LOOKED_AT = 50
"""Grants of a user that are looked at, to find out whether the password is still the one of before."""


@sensitive_variables()
def admit(secret: str | bytes, *, to_end: bool = False) -> Former:
    """Prove a JWT that the former package signed, and take it over if it is not here yet.

    What this returns, a verb takes in the place of a secret, and proves the rest: that its grant is live, and its user
    still the same. It costs two queries. The first time it takes a few more, and an INSERT.

    `to_end` says that its grant is to be ended. Then it does not matter whether the user is active: he may be tomorrow.

    Raises:
        Malformed: the package did not sign it, or not for this site, or its key is not trusted (any more).
        Expired: it did, and it is over.
        SubjectGone, PasswordChanged, Revoked: nobody has used it here, and its user is gone, or has another password,
            or had all tokens revoked since. It is not taken over.
        StoreDown: the storage does not answer.
    """
    now, presented, digest = clock.now(), to_bytes(secret), secrets.token_bytes(24)
    claims = _proved(presented, now)
    named = opaques(claims, keyring())
    with storage:
        here = set(Grant.objects.using(alias()).filter(pk__in=[each.grant_id for each in named]).values_list("pk"))
    opaque = next((each for each in named if (each.grant_id,) in here), None)
    if opaque is None:
        opaque = named[0]
        with noting(opaque.grant_id):
            _take_over(claims, opaque, digest, now, to_end=to_end)
    return Former(presented, opaque, claims.type, claims.said)


def _proved(presented: bytes, now: datetime) -> Claims:
    """What it says, if the package signed it for this site, and is trusted."""
    signed = jws.parts(presented)
    try:
        key = key_of_site()
    except ValueError as error:  # The command says so, and then there never was a trust.
        raise Malformed("key") from error
    prove(signed, key)
    told = wording()
    claims = claims_of(jws.claims_in(signed.payload), told)
    refuse_untimely(claims, now, told.leeway)
    if not is_trusted(key, now):
        raise Malformed("trust")
    return claims


def _take_over(claims: Claims, opaque: Opaque, digest: bytes, now: datetime, *, to_end: bool) -> None:
    user = user_of(claims)
    if user is None or not (user.is_active or to_end):
        raise SubjectGone
    _refuse_other_password(claims, user)
    span = (claims.issued_at or now, claims.ends_at + wording().leeway)
    grant = grant_of(user, opaque, *span, digest, now)
    try:
        with storage, transaction.atomic(using=alias()):
            # Nobody signs him out everywhere between the look and the INSERT, which that would not see.
            hold(user)
            _refuse_ended_since(claims, user)
            grant.save(using=alias(), force_insert=True)
    except IntegrityError as error:
        if not Grant.objects.using(alias()).filter(pk=grant.pk).exists():
            raise SubjectGone from error  # Deleted since we looked.
        return  # Another tab was faster.
    audit.info("took over %s subject=%r client=%r", grant.hint, grant.subject_id, grant.client)


def _refuse_other_password(claims: Claims, user: AbstractBaseUser) -> None:
    """The package may have written a hash of the stored password into the token, to be compared with."""
    told = peers.simplejwt()
    if not told.CHECK_REVOKE_TOKEN and told.REVOKE_TOKEN_CLAIM not in claims.said:
        return
    bound = hashlib.md5(user.password.encode(), usedforsecurity=False).hexdigest().upper()
    said = claims.said.get(told.REVOKE_TOKEN_CLAIM)
    if not isinstance(said, str) or not hmac.compare_digest(said.encode("utf-8", "surrogatepass"), bound.encode()):
        raise PasswordChanged


def _refuse_ended_since(claims: Claims, user: AbstractBaseUser) -> None:
    """A user who has had all tokens ended, or changed the password, did not know of this one: as far as rows tell."""
    since = claims.issued_at or LONG_AGO
    with storage:
        ended = grants_of(user).exclude(kind=Kind.LETTER).exclude(revoked_reason__in=_OF_ONE_TOKEN)
        if ended.filter(revoked_at__gte=since).exists():
            raise Revoked("before it was taken over")
        # An adopted row says when its token was made. It was bound to the password later, when it was taken over.
        is_later = Q(created_at__gte=since) | Q(kind=Kind.ADOPTED) | inherited(PACKAGE)
        later = grants_of(user).filter(is_later, revoked_at=None, pepper__in=[each.id for each in keyring()])
        # What was made since under another password shows that it has changed since.
        if not all(is_bound(grant, user) for grant in later[:_LOOKED_AT]):
            raise PasswordChanged
