"""The opaque token: it names its row and proves it.

    tsra_  0198f3…(32 hex, the row)                   k3Vq…(43 base62, 256 bits of chance)  91ab…(16 hex, the tag)
    tsrr_  0198f3…                   0000002a (8 hex)  …                                     …
    └┬┘│                             └ of a refresh token, its generation
     │ └ what it may be used for: `Purpose`
     └── the site's own prefix

    mac = HMAC-SHA-256(K_token, "tessera/1/token" 00 | the token up to the tag, ASCII)

The first 8 bytes of `mac` travel as the tag and the row keeps the other 24: no byte is in both. So what was not minted
here costs no query, and what the database holds is of no use as a token.
"""

import hmac
from binascii import hexlify, unhexlify
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from uuid import UUID

from tessera.errors import Malformed
from tessera.format.hashing import mac
from tessera.format.keys import Keys

LONGEST = 128
"""No token is longer, in bytes; anything that is gets refused before it is looked at."""

_TAG, _CHANCE, _ROW = -16, -16 - 43, -16 - 43 - 32
"""Where they begin, counted from the end."""

_GENERATION = 8
"""Letters of the generation, behind the row."""

LAST_GENERATION = 0xFFFFFFFF
"""There is none after it: a number that began anew would take the oldest token for the newest."""

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_LABEL = b"tessera/1/token\x00"
_TAG_BYTES = 8


class Purpose(StrEnum):
    """What a secret may be used for; the value is its letter in the token."""

    ACCESS = "a"
    REFRESH = "r"
    PERSONAL = "p"
    CODE = "c"
    DEVICE = "d"
    CLIENT_SECRET = "s"
    LETTER = "l"
    ADOPTED = ""
    """A key that another package made, and that keeps the form it has: see `foreign`. None is ever minted."""


MINTED = frozenset(Purpose) - {Purpose.ADOPTED}
"""The purposes of what is minted here."""


@dataclass(frozen=True, slots=True)
class Opaque:
    """A token that was minted here: its tag is right. Or what may be an adopted key, which has none.

    Whether it opens anything, only its row can tell.
    """

    purpose: Purpose
    row: bytes
    """The 16 bytes of its row's id."""

    digest: bytes = field(repr=False)
    """What its row keeps of it."""

    keys: Keys = field(repr=False)
    """Those under which it was minted or adopted, and so was its grant's fingerprint."""

    generation: int = field(default=0, repr=False)
    """Of a refresh token: how many the grant had before it."""

    @property
    def grant_id(self) -> UUID:
        """The same id, as the model has it: made when asked for, as most requests do without."""
        return UUID(bytes=self.row)


def mint(  # noqa: PLR0913, PLR0917 - these are the parts of a token
    prefix: str, purpose: Purpose, row: UUID, chance: bytes, keys: Keys, generation: int = 0
) -> tuple[str, Opaque]:
    """The secret for `row`, to be told once, and what is to be kept of it. `chance` is 32 random bytes."""
    number = f"{generation:0{_GENERATION}x}" if purpose is Purpose.REFRESH else ""
    body = f"{prefix}{purpose.value}_{row.hex}{number}{_base62(chance)}"
    whole = mac(keys.token, _LABEL + body.encode("ascii"))
    return body + whole[:_TAG_BYTES].hex(), Opaque(purpose, row.bytes, whole[_TAG_BYTES:], keys, generation)


def parse(secret: bytes, prefixes: tuple[str, ...], keyring: Sequence[Keys]) -> Opaque:
    """Read a token back from what a stranger sent.

    Raises:
        Malformed: it was not minted here.
    """
    if len(secret) > LONGEST:
        raise Malformed("length")
    heads, row = _heads(prefixes), _ROW
    purpose = heads.get(secret[:row])
    if purpose is None:
        row -= _GENERATION
        purpose = heads.get(secret[:row])
    if purpose is None:
        raise Malformed("head")
    body, tag = secret[:_TAG], secret[_TAG:]
    for keys in keyring:
        whole = mac(keys.token, _LABEL + body)
        if hmac.compare_digest(hexlify(whole[:_TAG_BYTES]), tag):
            # Nothing else of its shape has to be looked at: what bears this tag was made by `mint`.
            named = unhexlify(secret[row:_CHANCE])
            return Opaque(purpose, named[:16], whole[_TAG_BYTES:], keys, int.from_bytes(named[16:], "big"))
    raise Malformed("tag")


@lru_cache(maxsize=16)
def _heads(prefixes: tuple[str, ...]) -> dict[bytes, Purpose]:
    """What a token may begin with, up to its row."""
    return {f"{prefix}{purpose.value}_".encode(): purpose for prefix in prefixes for purpose in MINTED}


def expression(prefixes: Sequence[str]) -> str:
    """A regular expression that finds this site's tokens in a text, for secret scanners."""
    refresh = Purpose.REFRESH.value
    letters = "".join(purpose.value for purpose in Purpose if purpose is not Purpose.REFRESH)
    head = rf"(?:[{letters}]_|{refresh}_[0-9a-f]{{{_GENERATION}}})"
    return rf"\b(?:{'|'.join(prefixes)}){head}[0-9a-f]{{32}}[0-9A-Za-z]{{43}}[0-9a-f]{{16}}\b"


def new_row(now: datetime, chance: bytes) -> UUID:
    """A UUIDv7 (RFC 9562 §5.7): rows of one age lie together. `chance` is 10 random bytes."""
    milliseconds = int(now.timestamp() * 1000)
    number = int.from_bytes(milliseconds.to_bytes(6, "big") + chance, "big")
    number = number & ~(0xF << 76) | 0x7 << 76  # version
    number = number & ~(0x3 << 62) | 0x2 << 62  # variant
    return UUID(int=number)


def to_bytes(secret: str | bytes) -> bytes:
    """A secret as it is read, whether a request or a program gave it."""
    # What is no text stays none: with another letter in its place it might become a key that somebody adopted.
    return secret.encode("utf-8", "surrogatepass") if isinstance(secret, str) else secret


def _base62(chance: bytes) -> str:
    """32 bytes in 43 letters of fixed width."""
    number, letters = int.from_bytes(chance, "big"), ""
    for _ in range(43):
        number, rest = divmod(number, 62)
        letters = _ALPHABET[rest] + letters
    return letters
