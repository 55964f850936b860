"""Scope: a set of tokens; spaces only on the wire (RFC 6749 §3.3)."""

import re
from collections.abc import Iterable
from functools import lru_cache

from tessera.errors import InvalidScope
from tessera.words import gettext_noop as _

_TOKEN = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")


def is_token(value: str) -> bool:
    """Whether it may stand in a scope."""
    return _TOKEN.fullmatch(value) is not None


def join(scope: Iterable[str]) -> str:
    """The scope as it stands on the wire and in the row.

    Raises:
        InvalidScope: one of them is no scope token, or a text was given in place of a set.
    """
    if isinstance(scope, str):  # Python would take it apart into its letters.
        raise InvalidScope(_("A scope is a set of words, such as {%(scope)r}, and no text."), scope=scope)
    tokens = sorted(set(scope))
    for token in tokens:
        if not is_token(token):
            raise InvalidScope(_("%(word)r is no scope."), word=token)
    return " ".join(tokens)


@lru_cache(maxsize=1024)
def split(text: str) -> frozenset[str]:
    """The scope that `join` wrote."""
    return frozenset(text.split())


def part(whole: frozenset[str], asked: frozenset[str] | None) -> frozenset[str]:
    """What is asked for, of what was granted: all of it, where nothing is said (RFC 6749 §6).

    Raises:
        InvalidScope: it is more than that.
    """
    if asked is None:
        return whole
    if not asked <= whole:
        raise InvalidScope(_("The scope is wider than the one that was granted."))
    return asked
