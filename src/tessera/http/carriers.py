"""Where a request carries its credential. It is read as bytes, and never normalised: a credential is ASCII."""

import re
from collections.abc import Container
from dataclasses import dataclass, field
from enum import Enum
from functools import cache

from tessera.errors import MalformedHeader
from tessera.words import gettext_noop as _

ACCESS_COOKIE, REFRESH_COOKIE = "__Host-access", "__Host-refresh"
"""The cookies that carry a pair. A browser takes a name with `__Host-` from the host itself only, and over HTTPS."""

LONGEST = 4096
"""The longest value of the header, in bytes, that is accepted."""

_LONGEST_SCHEME = 64
_USUAL = re.compile(rb"([!-~]{1,64}) ([!-~]+)")
"""What nearly every client sends. Whatever else there is, is looked at more closely."""

_SPACES = b" \t"
_CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


class Carrier(Enum):
    """What a credential rode in on."""

    HEADER = "header"
    COOKIE = "cookie"
    """A browser sends it unasked, for another site's page too: what it authenticates is under CSRF protection."""


@dataclass(frozen=True, slots=True)
class Credential:
    """What a caller presents, not yet verified, and what carried it."""

    secret: bytes = field(repr=False)
    carrier: Carrier


def from_request(authorization: str | bytes, cookies: str | bytes, schemes: Container[bytes]) -> Credential | None:
    """The credential that a request presents, or `None`. One in the header goes before one in a cookie.

    It takes the headers `Authorization` and `Cookie` as a server hands them on (PEP 3333 has text for the bytes). Where
    cookies do not count, it is given none.

    Raises:
        MalformedHeader: a header cannot be read. A cookie does not make up for it.
    """
    if (secret := from_header(authorization, schemes)) is not None:
        return Credential(secret, Carrier.HEADER)
    if (secret := from_cookies(cookies, ACCESS_COOKIE)) is not None:
        return Credential(secret, Carrier.COOKIE)
    return None


def from_cookies(value: str | bytes, name: str) -> bytes | None:
    """The value of the cookie of that name in a `Cookie` header (RFC 6265 §4.2.1), or `None` if it is not there.

    Not by `SimpleCookie` or Django's parser: they take the last of two, and strip from a name what a browser takes for
    a letter of it, so that another host of the domain could plant a cookie that comes to be called `__Host-…` here.

    Raises:
        MalformedHeader: there are two of that name. Only one of them can be from us, and it is not known which.
    """
    values = _named(name).findall(_to_bytes(value))
    if len(values) > 1:
        raise MalformedHeader(_("Invalid cookie header. There are two cookies of one name."))
    # Some clients keep an empty one of a cookie that was cleared.
    return values[0].strip(_SPACES) or None if values else None


def from_header(header: str | bytes, schemes: Container[bytes]) -> bytes | None:
    """The credential in an `Authorization` header (RFC 9110 §11.6.2), or `None` where the scheme is not ours.

    `schemes` are in lower case; the header's may be in any (RFC 9110 §11.1).

    Raises:
        MalformedHeader: the scheme is ours and what follows is not one credential. (Two headers arrive here as one
            value, joined by a comma.)
    """
    # Just past the length at which it is refused: the rest of a giant one need not be copied.
    value = _to_bytes(header[: LONGEST + 1])
    if len(value) <= LONGEST and (usual := _USUAL.fullmatch(value)):
        return usual[2] if usual[1].lower() in schemes else None
    scheme = value[:_LONGEST_SCHEME].split(None, 1)[:1]
    if not scheme or scheme[0].lower() not in schemes:
        return None
    if len(value) > LONGEST or not _is_text(value):
        raise MalformedHeader(_("Invalid token header. Token string should not contain invalid characters."))
    credential = value.split()[1:]
    if not credential:
        raise MalformedHeader(_("Invalid token header. No credentials provided."))
    if len(credential) > 1:
        raise MalformedHeader(_("Invalid token header. Token string should not contain spaces."))
    return credential[0]


@cache
def _named(name: str) -> re.Pattern[bytes]:
    return re.compile(rb"(?:^|;)[ \t]*%b[ \t]*=([^;]*)" % re.escape(name.encode()))


def _to_bytes(value: str | bytes) -> bytes:
    return value.encode("latin-1", "replace") if isinstance(value, str) else value


def _is_text(value: bytes) -> bool:
    # bytes.split() takes a line end for a space, and would find a token beside what some server let through.
    try:
        return not _CONTROLS.search(value.decode("utf-8"))
    except UnicodeDecodeError:
        return False
