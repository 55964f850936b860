"""The checks of the keys that sign JWTs. A message names a key of `JWT_KEYS` by its place, and shows nothing of it."""

from collections.abc import Collection
from importlib import import_module
from typing import Any

from django.core.checks import CheckMessage, Tags, register

from tessera import clock
from tessera.checks.catalog import say
from tessera.checks.settings import is_listed, is_right
from tessera.checks.site import attempt, tessera
from tessera.engine.rows.storage import alias


@register("tessera", Tags.security)
def prove_written_keys(**_: Any) -> list[CheckMessage]:
    """Keys that are written in the settings can be read, and the first can sign."""
    return _faults(calls=False)


@register("tessera", Tags.security, deploy=True)
def prove_answered_keys(**_: Any) -> list[CheckMessage]:
    """So can those that a callable returns. As with `PEPPERS`, it is called by `check --deploy` only."""
    said = _faults(calls=False)
    return [fault for fault in _faults(calls=True) if fault not in said]


@register("tessera", Tags.security)
def prove_others_cannot_sign(**_: Any) -> list[CheckMessage]:
    """What signs is no secret that whoever verifies must have."""
    makes_secrets = is_right("JWT_ALGORITHM") and tessera()["JWT_ALGORITHM"] == "HS256"
    entries = tessera()["JWT_KEYS"]
    first = _read(entries[0]) if is_listed(entries) and entries and isinstance(entries[0], str | bytes) else None
    return [say("W011")] if makes_secrets or getattr(first, "is_symmetric", False) else []


@register(Tags.database)  # Not ours as well: see `prove_no_key_is_readable`.
def prove_keys_can_be_opened(databases: Collection[str] | None = None, **_: Any) -> list[CheckMessage]:
    """No key in the database is sealed under a pepper that is gone."""
    succession: Any = attempt(lambda: import_module("tessera.engine.signing.succession"))
    if attempt(alias) not in (databases or ()) or isinstance(succession, Exception):
        return []
    keys = attempt(lambda: list(succession.told(clock.now())))
    if isinstance(keys, Exception):
        return []  # Before `migrate` there is no table.
    return [say("W015", id=key.id) for key in keys if key.standing is succession.Standing.LOCKED]


def _faults(*, calls: bool) -> list[CheckMessage]:
    entries = tessera()["JWT_KEYS"]
    if not is_listed(entries):
        return [say("E044", fault="it is neither")]
    told = {
        place: _fault(attempt(entry) if callable(entry) else entry, is_first=place == 0)
        for place, entry in enumerate(entries)
        if calls or not callable(entry)
    }
    return [say("E044", fault=f"number {place} {fault}") for place, fault in told.items() if fault]


def _fault(entry: Any, *, is_first: bool) -> str | None:
    if isinstance(entry, Exception):
        return f"raises {type(entry).__name__}"
    if not isinstance(entry, str | bytes):
        return "is no text or bytes"
    key = _read(entry)
    if isinstance(key, Exception):
        return "is no such key"
    return "cannot sign" if is_first and key and not key.is_private else None


def _read(entry: str | bytes) -> Any:
    """The key, or why it is none. Nothing at all without the extra that reads it: another check tells of that."""
    jwk: Any = attempt(lambda: import_module("tessera.format.jwk"))
    return None if isinstance(jwk, ImportError) else attempt(lambda: jwk.load(entry))
