"""The packages whose keys the doors read, as the site's settings of those say."""

import hashlib
from collections.abc import Callable
from functools import cache, partial
from typing import Any

from django.utils.module_loading import import_string

from tessera import peers
from tessera.format import foreign
from tessera.format.foreign import Package

_LIBRARIES = frozenset({"hashlib", "cryptography.hazmat.primitives.hashes"})
"""Those that knox takes its hash from: since version 4.2, and before. The second need not be installed any more."""

_AUTHTOKEN = foreign.authtoken()


def packages() -> tuple[Package, ...]:
    """All of them. One that its settings tell nothing of is left out: the checks name what is wrong there."""
    told = peers.knox()
    try:
        return _beside_authtoken(told.SECURE_HASH_ALGORITHM, told.AUTH_TOKEN_CHARACTER_LENGTH)
    except (AttributeError, ImportError, OverflowError, TypeError, ValueError):
        return (_AUTHTOKEN,)


def package_named(name: str) -> Package | None:
    """The one of that name."""
    return next((package for package in packages() if package.name == name), None)


@cache
def _beside_authtoken(algorithm: Any, length: Any) -> tuple[Package, ...]:
    return (_AUTHTOKEN, foreign.knox(_hashed_by(algorithm), 2 * int(length / 2)))


def _hashed_by(algorithm: Any) -> Callable[[bytes], bytes]:
    library, _, name = str(algorithm).rpartition(".")
    begin: Callable[[], Any]
    if library in _LIBRARIES:
        begin = partial(hashlib.new, name.lower())
    else:
        begin = import_string(algorithm) if isinstance(algorithm, str) else algorithm

    def hashed(told: bytes) -> bytes:
        hashing = begin()
        hashing.update(told)
        return bytes.fromhex(hashing.hexdigest())

    return hashed
