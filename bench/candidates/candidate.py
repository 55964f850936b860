"""What the bench has to know of a package that gives tokens. No peer is imported before Django has its apps."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bench.sql import Sql


@dataclass(frozen=True, kw_only=True)
class Store:
    """The table that holds a row for each token."""

    table: str
    owner: str
    """The column that names the user."""

    filler: Callable[[Sql], Mapping[str, str]]
    """The columns of a row for each user of a query over `auth_user`, as SQL."""

    many: bool = True
    """Whether a user may have several."""


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A package, or one way of using it."""

    name: str
    apps: tuple[str, ...] = ()
    authentication: str | None = None
    """The dotted path of its class; `None` for the view that asks for no credential."""

    login: str | None = None
    """The dotted path of its view; `None` if logging in gives nothing, or nothing else than another candidate."""

    login_checks_password: bool = True
    """Whether that view takes a name and a password itself, or leaves them to HTTP Basic."""

    mint: Callable[[Any], str] | None = None
    """An `Authorization` header for a user."""

    forge: Callable[[str], str] | None = None
    """The same header, as somebody would write it who knows the form and not the secret."""

    forged: str = ""
    """What `forge` does, for the legend."""

    store: Store | None = None
    """Where its tokens are. Without one none can be revoked."""

    prepare: str | None = None
    """The dotted path of what makes its table, if no migration does."""


@dataclass(frozen=True, kw_only=True)
class Lasting:
    """How the sign-ins of a package are refreshed, and ended all at once."""

    name: str
    apps: tuple[str, ...]
    authentication: str
    """The dotted path of its class."""

    sign_in: Callable[[Any], tuple[str, str]]
    """An `Authorization` header for a user, and a refresh token: an empty one if it has none."""

    refresh: str | None = None
    """The dotted path of its view; `None` if it refreshes nothing."""

    field: str = "refresh"
    """The name of the refresh token, in the request and in the answer."""

    log_out_all: str | Callable[[Any], object]
    """The dotted path of its view, or what a plain view has to do for a user."""

    store: Store
    """Where each sign-in has a row."""

    tables: tuple[str, ...]
    """All that it keeps of a sign-in."""
