"""The fingerprint: what ties a grant to its row, its subject and the password it was made under.

    HMAC-SHA-256(K_fingerprint, "tessera/1/fingerprint" 00 | row | L(subject's key) | 00, or 01 | L(password hash))[:16]

Bound to its row, so that whoever can write the table cannot copy an administrator's to a grant of his own.
"""

from tessera.format.hashing import mac
from tessera.format.keys import Keys, u32


def fingerprint(keys: Keys, row: bytes, subject_key: str, password: str | None) -> bytes:
    """The fingerprint of `row`. `password` is the stored hash, or `None` for a grant that outlives a changed one."""
    known = subject_key.encode()
    told = [b"tessera/1/fingerprint\x00", row, u32(len(known)), known]
    if password is None:
        told += [b"\x00"]
    else:
        # Backends that know the password elsewhere write a new unusable one at each log-in: that is no change.
        bind = b"!" if password.startswith("!") else password.encode()
        told += [b"\x01", u32(len(bind)), bind]
    return mac(keys.fingerprint, b"".join(told))[:16]
