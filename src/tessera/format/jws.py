"""A JSON Web Signature in its compact form (RFC 7515 §7.1), read as what a stranger sent: nothing in it is obeyed.

    base64url(header) . base64url(payload) . base64url(signature)

One token has one spelling. What its header says is compared with what is known here, and never looked up, fetched or
imported (RFC 8725 §3.1, §3.9, §3.10).
"""

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import accumulate
from math import isfinite
from typing import Any, NoReturn

from tessera.errors import Malformed

LONGEST = 8192
"""No token is longer, in bytes; anything that is gets refused before it is looked at."""

LONGEST_HEADER = 512
DEEPEST = 20
"""How many brackets may stand open at once in a payload."""

_BEGINNING = b"eyJ"
"""What every header begins with that was written without spaces: `{"` in base64url."""

_PARTS = re.compile(rb"([\w-]+)\.([\w-]+)\.([\w-]+)")
_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"')
_STEP = {"{": 1, "[": 1, "}": -1, "]": -1}
_MEMBERS = frozenset({"alg", "kid", "typ"})


@dataclass(frozen=True, slots=True)
class Signed:
    """What was presented, taken apart. Whether the signature is right, only the key tells: see `jwt.prove`."""

    algorithm: str
    key_id: str | None
    type: str
    """`typ`, in lower case and without the `application/` that it may begin with (RFC 7515 §4.1.9); "" for none."""

    payload: bytes = field(repr=False)
    """As it was sent. `claims_in` reads it, once the signature is known to be right."""

    told: bytes = field(repr=False)
    """What is signed."""

    signature: bytes = field(repr=False)


def looks_signed(secret: bytes) -> bool:
    """Whether it may be one at all. It costs next to nothing, since it is asked of all that was not minted here."""
    return secret.startswith(_BEGINNING) and secret.count(b".") == 2


def parts(secret: bytes) -> Signed:
    """Take apart what a stranger sent.

    The header has an `alg`, maybe a `kid` and a `typ`, and nothing else. So a token that brings its own key (`jwk`,
    `x5c`), or says where one is to be had (`jku`, `x5u`), or wants something understood (`crit`, `b64`, `zip`), is
    refused as a whole.

    Raises:
        Malformed: it is none.
    """
    if len(secret) > LONGEST or (cut := _PARTS.fullmatch(secret)) is None:
        raise Malformed("parts")
    head, payload, signature = cut.groups()
    if len(head) > LONGEST_HEADER:
        raise Malformed("header")
    algorithm, key_id, typ = _header(head)
    return Signed(algorithm, key_id, typ, payload, secret[: -len(signature) - 1], _decoded(signature))


def claims_in(payload: bytes) -> dict[str, Any]:
    """What the payload says: one JSON object (RFC 7519 §7.2), in which no name stands twice.

    Raises:
        Malformed: it is none.
    """
    return _object(_decoded(payload))


def encoded(told: bytes) -> bytes:
    """As base64url, without padding (RFC 7515 §2)."""
    return urlsafe_b64encode(told).rstrip(b"=")


@lru_cache(maxsize=64)
def _header(head: bytes) -> tuple[str, str | None, str]:
    # Remembered, for all tokens of one key have the same.
    header = _object(_decoded(head))
    if not header.keys() <= _MEMBERS or not all(isinstance(value, str) for value in header.values()):
        raise Malformed("header")
    return header.get("alg", ""), header.get("kid"), header.get("typ", "").lower().removeprefix("application/")


def _decoded(text: bytes) -> bytes:
    # Python's decoder leaves out what it does not know and takes any last letter for one that ends the same way. Only
    # what is spelt as we would spell it is read: else one token had many spellings.
    try:
        told = urlsafe_b64decode(text + b"=" * (-len(text) % 4))
    except ValueError as error:
        raise Malformed("base64") from error
    if encoded(told) != text:
        raise Malformed("base64")
    return told


def _object(text: bytes) -> dict[str, Any]:
    try:
        told = text.decode("utf-8")
        if _is_deep(told):
            raise Malformed("json")
        value = _JSON.decode(told)
    except (ValueError, RecursionError) as error:
        raise Malformed("json") from error
    if not isinstance(value, dict):
        raise Malformed("json")
    return value


def _is_deep(text: str) -> bool:
    """Whether more brackets stand open than Python should be led into. Most have no more than one."""
    if text.count("{") + text.count("[") <= DEEPEST:
        return False
    steps = (_STEP.get(letter, 0) for letter in _TEXT.sub("", text))
    return max(accumulate(steps), default=0) > DEEPEST


def _named_once(members: list[tuple[str, Any]]) -> dict[str, Any]:
    told = dict(members)
    if len(told) != len(members):  # Python keeps the last, and another reader the first.
        raise ValueError("a name stands twice")
    return told


def _finite(digits: str) -> float:
    number = float(digits)
    return number if isfinite(number) else _refuse(digits)


def _refuse(_: str) -> NoReturn:
    raise ValueError("no number of JSON")


_JSON = json.JSONDecoder(object_pairs_hook=_named_once, parse_constant=_refuse, parse_float=_finite)
"""Made once: with what is refused, `json.loads` makes one each time."""
