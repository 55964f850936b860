"""A JWT of the package that a site comes from: proved, it is a credential like another."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tessera.format.opaque import Opaque


@dataclass(frozen=True, slots=True)
class Former:
    """A JWT that the former package signed and that was taken over. The verbs take it in the place of a secret."""

    secret: bytes = field(repr=False)
    opaque: Opaque
    """The row that it names: for a refresh token of generation 0, for any other as of an adopted key."""

    type: str
    """What its package calls it: `access`, `refresh` or `sliding`."""

    claims: Mapping[str, Any] = field(repr=False)
    """All that it says. Nothing in it was obeyed that is not in the row."""
