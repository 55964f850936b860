"""The checks of `PEPPERS`. A message names a pepper by its place in the list, and shows nothing of it."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Tags, register

from tessera.checks.catalog import say
from tessera.checks.settings import is_listed
from tessera.checks.site import attempt, tessera

SHORTEST = 32


@register("tessera", Tags.security)
def prove_written(**_: Any) -> list[CheckMessage]:
    """Peppers that are written in the settings are strong, and all different."""
    peppers = tessera()["PEPPERS"]
    return _faults(_written(peppers)) if _are_peppers(peppers) else [say("E013")]


@register("tessera", Tags.security, deploy=True)
def prove_answered(**_: Any) -> list[CheckMessage]:
    """Peppers that a callable returns are strong, too.

    It is called by `check --deploy` only: whoever runs `makemigrations` may have no access to the key service.
    """
    peppers = tessera()["PEPPERS"]
    if not _are_peppers(peppers):
        return []
    if not peppers:
        return [say("E018")]
    answers = {place: attempt(pepper) for place, pepper in enumerate(peppers) if callable(pepper)}
    secrets = {place: secret for place, answer in answers.items() if (secret := _to_bytes(answer)) is not None}
    said = _faults(_written(peppers))
    return [
        *(say("E017", place=place, instead=_kind_of(answers[place])) for place in answers.keys() - secrets.keys()),
        *(fault for fault in _faults(_written(peppers) | secrets) if fault not in said),
    ]


def _are_peppers(value: Any) -> bool:
    return is_listed(value) and all(callable(pepper) or _to_bytes(pepper) is not None for pepper in value)


def _written(peppers: Any) -> dict[int, bytes]:
    return {place: secret for place, pepper in enumerate(peppers) if (secret := _to_bytes(pepper)) is not None}


def _faults(secrets: Mapping[int, bytes]) -> list[CheckMessage]:
    keys_of_django, earlier = _keys_of_django(), set()
    faults = []
    for place, secret in sorted(secrets.items()):
        proofs = {"E014": len(secret) >= SHORTEST, "E015": secret not in keys_of_django, "E016": secret not in earlier}
        faults += [say(number, place=place) for number, holds in proofs.items() if not holds]
        earlier.add(secret)
    return faults


def _keys_of_django() -> set[bytes | None]:
    keys = attempt(lambda: [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS])
    return set() if isinstance(keys, Exception) else {_to_bytes(key) for key in keys}


def _to_bytes(secret: Any) -> bytes | None:
    """The bytes that the engine would use, or `None`: text from an environment may not be valid UTF-8."""
    encoded = attempt(secret.encode) if isinstance(secret, str) else secret
    return encoded if isinstance(encoded, bytes) else None


def _kind_of(answer: object) -> str:
    name = type(answer).__name__
    return f"it raises {name}" if isinstance(answer, Exception) else f"it answers {name}"
