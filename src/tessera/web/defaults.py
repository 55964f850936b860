"""What a door takes, unless it says otherwise."""

from functools import lru_cache

from tessera.format.opaque import Purpose

SCHEMES = ("Bearer", "Token")
"""The words accepted before the token, in any letter case. The challenge of a 401 names the first."""

ADMITTED = frozenset({Purpose.ACCESS, Purpose.PERSONAL})
"""The purposes of the tokens that open a view."""


@lru_cache(maxsize=64)
def in_lower_case(schemes: tuple[str, ...]) -> frozenset[bytes]:
    """The words as `http.carriers` compares them."""
    return frozenset(scheme.encode().lower() for scheme in schemes)
