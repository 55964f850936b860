"""The trust in the key with which a former package signed: while it lasts, its JWTs are taken over.

The key itself stays in the site's settings. Its row is named by a keyed hash of it: if the settings come to have
another key, or the site other peppers, there is no trust.
"""

import base64
import hmac
import logging
from datetime import datetime, timedelta

from django.views.decorators.debug import sensitive_variables

from tessera import peers
from tessera.conf import raw
from tessera.engine.keyring import keyring
from tessera.engine.rows.storage import alias, insist, storage
from tessera.format.former import PACKAGE
from tessera.format.former_key import ALGORITHMS, load
from tessera.format.jwk import Key
from tessera.format.keys import Keys
from tessera.models import LONG_AGO, SigningKey

audit = logging.getLogger("tessera.audit")


@sensitive_variables()
def key_of_site() -> Key:
    """The key by which the site's settings prove what the package signed.

    Raises:
        ValueError: it is not there, or is none for that algorithm, or one too weak. The text says so of it.
    """
    told = peers.simplejwt()
    signing_key = raw("SECRET_KEY") if told.SIGNING_KEY is None else told.SIGNING_KEY
    algorithm = str(told.ALGORITHM)
    text = signing_key if algorithm.startswith("HS") else told.VERIFYING_KEY
    if algorithm not in ALGORITHMS:
        raise ValueError(f"what is signed with {algorithm} is not taken over")
    if not isinstance(text, str | bytes) or not text:
        raise ValueError("it is not there, as text or bytes")
    return load(text.encode() if isinstance(text, str) else text, algorithm)


def is_trusted(key: Key, now: datetime) -> bool:
    """Whether what `key` has signed is taken over."""
    with storage:
        return SigningKey.objects.using(alias()).filter(pk__in=_names(key), package=PACKAGE, ends_at__gt=now).exists()


def trusted_until(key: Key) -> datetime | None:
    """Until when what `key` has signed is taken over, or was; `LONG_AGO` if that was ended, and `None` if nobody has
    asked for it yet."""
    with storage:
        row = SigningKey.objects.using(alias()).filter(pk__in=_names(key)).order_by("-ends_at").first()
    return None if row is None else row.ends_at


def trust(key: Key, now: datetime, span: timedelta) -> datetime | None:
    """Let what `key` has signed be taken over for so long from now on, and say until when that is.

    `None`: the trust in it was ended. That is for good, whoever asks again.
    """
    newest, rows = keyring()[0], SigningKey.objects.using(alias())
    told = {"created_at": now, "signs_from": now, "retired_at": now, "ends_at": now + span}
    with storage:
        row = rows.filter(pk__in=_names(key)).order_by("ends_at").first()
        if row is None:
            named = {"algorithm": key.algorithm, "pepper": newest.id, "package": PACKAGE}
            row, _ = rows.get_or_create(pk=_name(key, newest), defaults={**named, **told})
        # The package may have signed more since it was asked for first.
        prolonged = rows.filter(pk=row.pk, ends_at__gt=LONG_AGO).update(ends_at=now + span)
    if not prolonged:
        return None
    audit.info("trusts the key of %s until %s", PACKAGE, now + span)
    return now + span


def end_trust() -> int:
    """Take nothing over any more, whatever key has signed it. Returns how many were trusted."""
    rows = SigningKey.objects.using(alias()).filter(package=PACKAGE, ends_at__gt=LONG_AGO)
    ended = insist(lambda: rows.update(ends_at=LONG_AGO))
    audit.info("ended the trust in %d keys of %s", ended, PACKAGE)
    return ended


def _names(key: Key) -> list[str]:
    return [_name(key, keys) for keys in keyring()]


def _name(key: Key, keys: Keys) -> str:
    told = b"tessera/1/trust\x00" + key.algorithm.encode() + b"\x00" + key.id.encode()
    return base64.urlsafe_b64encode(hmac.digest(keys.foreign, told, "sha256")).rstrip(b"=").decode()
