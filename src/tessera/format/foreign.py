"""A key that another package made. It keeps its own form here: nothing in it names its row, so the key itself has to.

    f = HMAC-SHA-512(K_foreign, "tessera/1/foreign" 00 | package 00 | the hash by which the package knows the key)

The row's id is a UUIDv8 (RFC 9562 §5.8) of the first 16 bytes of `f`, and the row keeps the next 24. It is keyed
because an id is shown, and a key that somebody made up by hand could be guessed from a plain hash.
"""

import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from tessera.format.keys import Keys
from tessera.format.opaque import Opaque, Purpose

Known = Callable[[str], bytes | None]
"""From a text, the hash by which a key is known. `None`: it has none."""

_HEX = re.compile(r"(?:[0-9a-f]{2})+")

_LONGEST_PREFIX = 25
"""What may stand before the hex digits of a key of knox. Its setting takes 10 letters, its call takes any number."""


@dataclass(frozen=True, slots=True)
class Package:
    """What the keys of a package look like, and by what they are known."""

    name: str
    shape: re.Pattern[str]
    """A token of ours must not fit: what has its form and a wrong tag costs no query."""

    longest: int
    """In bytes: what is longer is not looked at."""

    ways: tuple[Known, ...]
    """How a presented key may be known: in more ways than one, if versions of the package differed."""

    kept: Known
    """How the text is known that the table of the package keeps: the key, or a hash of it."""


def authtoken() -> Package:
    """`rest_framework.authtoken`: it keeps the keys themselves."""
    # Not only its 40 hex digits: keys are made up by hand as well. Without what no header carries as one word.
    shape = re.compile(r"[^\x00-\x20\x7f]{1,40}")

    def known(text: str) -> bytes:
        return hashlib.sha256(text.encode()).digest()

    def kept(text: str) -> bytes | None:
        return known(text) if shape.fullmatch(text) else None

    return Package("authtoken", shape, 160, (known,), kept)


def knox(hashed: Callable[[bytes], bytes], digits: int) -> Package:
    """django-rest-knox, of whose keys the last `digits` are hex. It keeps a hash.

    That is of the text since version 5, which lets words stand before the digits. Before, it was of the bytes that the
    digits stand for.
    """
    if digits < 1:
        raise ValueError("A key without digits would be any word.")
    size = len(hashed(b""))

    def since_5(text: str) -> bytes:
        return hashed(text.encode())

    def before_5(text: str) -> bytes | None:
        return hashed(bytes.fromhex(text)) if _HEX.fullmatch(text) else None

    def kept(text: str) -> bytes | None:
        # Of another length it is of another algorithm, which the site had before, and knox itself no longer finds it.
        return bytes.fromhex(text) if _HEX.fullmatch(text) and len(text) == 2 * size else None

    shape = re.compile(rf"[^\x00-\x20\x7f]{{0,{_LONGEST_PREFIX}}}[0-9a-f]{{{digits}}}")
    return Package("knox", shape, 4 * _LONGEST_PREFIX + digits, (since_5, before_5), kept)


def named(package: str, known_by: bytes, keys: Keys) -> Opaque:
    """What a key names that `package` knows by this hash, and is to be kept of it, if it was adopted under `keys`."""
    told = b"tessera/1/foreign\x00" + package.encode("ascii") + b"\x00" + known_by
    made = hmac.digest(keys.foreign, told, "sha512")
    return Opaque(Purpose.ADOPTED, _row(made[:16]), made[16:40], keys)


def readings(secret: bytes, keyring: Sequence[Keys], packages: Iterable[Package]) -> list[Opaque]:
    """What `secret` may name, if it is a key that was adopted: which of it, only the rows can tell."""
    found = []
    # No generator: where one crashed, its frame has no caller, and a report shows what the callers asked it to hide.
    for package in packages:
        text = _text_of(package, secret)
        if text is not None:
            known = [each for way in package.ways if (each := way(text)) is not None]
            found += [named(package.name, each, keys) for each in known for keys in keyring]
    return found


def _text_of(package: Package, key: bytes) -> str | None:
    if len(key) > package.longest:
        return None
    try:
        text = key.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return text if package.shape.fullmatch(text) else None


def _row(made: bytes) -> bytes:
    """A UUIDv8 (RFC 9562 §5.8)."""
    number = int.from_bytes(made, "big")
    number = number & ~(0xF << 76) | 0x8 << 76  # version
    number = number & ~(0x3 << 62) | 0x2 << 62  # variant
    return number.to_bytes(16, "big")
