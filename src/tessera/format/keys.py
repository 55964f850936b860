"""What a pepper becomes: one key for each job, so that no two jobs share one.

    PRK    = HMAC-SHA-256("tessera/1", pepper)
    K_name = HMAC-SHA-256(PRK, "tessera/1/" | L(realm) | name | 01)

This is HKDF (RFC 5869 §2) with SHA-256, of which one block is enough. `L(x)` is the length of x as four bytes,
big-endian, then x.
"""

import hmac
import struct
from dataclasses import dataclass, field
from functools import lru_cache

u32 = struct.Struct(">I").pack
"""A number as four bytes, big-endian. In C: it is on the path of every request."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of one pepper in one realm."""

    id: str
    """Eight hex digits that name the pepper on a row and tell nothing of it."""

    token: bytes = field(repr=False)
    fingerprint: bytes = field(repr=False)
    foreign: bytes = field(repr=False)
    successor: bytes = field(repr=False)
    seal: bytes = field(repr=False)


@lru_cache(maxsize=64)
def derive(pepper: bytes, realm: str) -> Keys:
    """The keys of `pepper` in `realm`."""
    prk = hmac.digest(b"tessera/1", pepper, "sha256")

    def expand(name: bytes) -> bytes:
        return hmac.digest(prk, b"tessera/1/" + length_first(realm.encode()) + name + b"\x01", "sha256")

    return Keys(
        id=expand(b"id")[:4].hex(),
        token=expand(b"token"),
        fingerprint=expand(b"fingerprint"),
        foreign=expand(b"foreign"),
        successor=expand(b"successor"),
        seal=expand(b"seal"),
    )


def length_first(value: bytes) -> bytes:
    """`L(value)`: no two lists of values run together into the same bytes."""
    return u32(len(value)) + value
