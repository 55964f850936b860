"""A pair: an access token, and the refresh token that is traded for the next pair.

The next pair is derived from the refresh token that is traded for it, and not stored:

    p = HMAC-SHA-512(K_successor, the refresh token, ASCII)
    HMAC-SHA-512(p, "tessera/1/successor" 00 | row | generation of the next | nonce | 01)

The first 32 bytes are the chance of the next access token, the others that of the next refresh token. Whoever holds the
token traded can be told the same pair again; who has only the database, or the pepper as well, cannot learn it.
"""

import hmac
from dataclasses import dataclass, field
from uuid import UUID

from tessera.format.keys import Keys, u32
from tessera.format.opaque import Opaque, Purpose, mint

_LABEL = b"tessera/1/successor\x00"


@dataclass(frozen=True, slots=True)
class Pair:
    """Two secrets, to be told once, and what is to be kept of each."""

    access_secret: str = field(repr=False)
    access: Opaque
    refresh_secret: str = field(repr=False)
    refresh: Opaque


def mint_pair(prefix: str, row: UUID, generation: int, chance: bytes, keys: Keys) -> Pair:
    """The pair of that generation for `row`. `chance` is 64 random bytes."""
    return Pair(
        *mint(prefix, Purpose.ACCESS, row, chance[:32], keys),
        *mint(prefix, Purpose.REFRESH, row, chance[32:], keys, generation),
    )


def successor(parent: bytes, row: UUID, generation: int, nonce: bytes, keys: Keys) -> bytes:
    """The chance of the pair that follows the refresh token `parent`. `nonce` is 32 random bytes that the row keeps."""
    held = hmac.digest(keys.successor, parent, "sha512")
    return hmac.digest(held, _LABEL + row.bytes + u32(generation) + nonce + b"\x01", "sha512")
