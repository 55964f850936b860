"""A key that another package made. It keeps its own form here: nothing in it names its row, so the key itself has to.

    f = HMAC-SHA-512(K_foreign, "tessera/1/foreign" 00 | package 00 | the hash of the key that the package's users keep)

The row's id is a UUIDv8 (RFC 9562 §5.8) of the first 16 bytes of `f`, and the row keeps the next 24. It is keyed
because an id is shown, and a key that somebody made up by hand could be guessed from a plain hash.
"""

import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType

from tessera.format.keys import Keys
from tessera.format.opaque import Opaque, Purpose

_LONGEST = 160
"""No key is longer, in bytes; anything that is gets refused before it is looked at."""


@dataclass(frozen=True, slots=True)
class Package:
    """What the keys of a package look like, and the hash by which they are known."""

    shape: re.Pattern[str]
    """A token of ours must not fit: what has its form and a wrong tag costs no query."""

    algorithm: str


PACKAGES = MappingProxyType(
    {
        # Not only its 40 hex digits: keys are made up by hand as well. Without what no header carries as one word.
        "authtoken": Package(re.compile(r"[^\x00-\x20\x7f]{1,40}"), "sha256"),
    }
)
"""The packages whose keys can be adopted."""


def fits(package: str, key: bytes) -> bool:
    """Whether a request can carry `key`, and `package` may have made it."""
    if len(key) > _LONGEST:
        return False
    try:
        text = key.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return PACKAGES[package].shape.fullmatch(text) is not None


def reading(package: str, key: bytes, keys: Keys) -> Opaque:
    """What the key of a package names, and is to be kept of it, if it was adopted under `keys`."""
    known_by = hashlib.new(PACKAGES[package].algorithm, key).digest()
    told = b"tessera/1/foreign\x00" + package.encode("ascii") + b"\x00" + known_by
    named = hmac.digest(keys.foreign, told, "sha512")
    return Opaque(Purpose.ADOPTED, _row(named[:16]), named[16:40], keys)


def readings(secret: bytes, keyring: Sequence[Keys]) -> list[Opaque]:
    """What `secret` may name, if it is a key that was adopted: under which pepper, only the rows can tell."""
    # No generator: where one crashed, its frame has no caller, and a report shows what the callers asked it to hide.
    return [reading(package, secret, keys) for package in PACKAGES if fits(package, secret) for keys in keyring]


def _row(named: bytes) -> bytes:
    """A UUIDv8 (RFC 9562 §5.8)."""
    number = int.from_bytes(named, "big")
    number = number & ~(0xF << 76) | 0x8 << 76  # version
    number = number & ~(0x3 << 62) | 0x2 << 62  # variant
    return number.to_bytes(16, "big")
