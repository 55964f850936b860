"""Where a request carries its credential. It is read as bytes, and never normalised: a credential is ASCII."""

import re
from collections.abc import Container

from tessera.errors import MalformedHeader

LONGEST = 4096
"""The longest value of the header, in bytes, that is accepted."""

_LONGEST_SCHEME = 64
_USUAL = re.compile(rb"([!-~]{1,64}) ([!-~]+)")
"""What nearly every client sends. Whatever else there is, is looked at more closely."""

_CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


def from_header(value: bytes, schemes: Container[bytes]) -> bytes | None:
    """The credential in an `Authorization` header (RFC 9110 §11.6.2), or `None` where the scheme is not ours.

    `schemes` are in lower case; the header's may be in any (RFC 9110 §11.1).

    Raises:
        MalformedHeader: the scheme is ours and what follows is not one credential. (Two headers arrive here as one
            value, joined by a comma.)
    """
    if len(value) <= LONGEST and (usual := _USUAL.fullmatch(value)):
        return usual[2] if usual[1].lower() in schemes else None
    scheme = value[:_LONGEST_SCHEME].split(None, 1)[:1]
    if not scheme or scheme[0].lower() not in schemes:
        return None
    if len(value) > LONGEST or not _is_text(value):
        raise MalformedHeader("Invalid token header. Token string should not contain invalid characters.")
    credential = value.split()[1:]
    if not credential:
        raise MalformedHeader("Invalid token header. No credentials provided.")
    if len(credential) > 1:
        raise MalformedHeader("Invalid token header. Token string should not contain spaces.")
    return credential[0]


def _is_text(value: bytes) -> bool:
    # bytes.split() takes a line end for a space, and would find a token beside what some server let through.
    try:
        return not _CONTROLS.search(value.decode("utf-8"))
    except UnicodeDecodeError:
        return False
