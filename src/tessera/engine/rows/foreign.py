"""The tables of other packages, whose keys are adopted. The package itself need not be installed."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple

from django.apps import apps
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import connections
from django.db.models import DateTimeField
from django.db.models.expressions import Col
from django.utils import timezone
from django.utils.text import camel_case_to_spaces

from tessera import peers
from tessera.conf import raw
from tessera.engine.rows.spelling import key_of
from tessera.engine.rows.storage import alias, execute, has_tables, quoted
from tessera.models import Grant

PAGE = 1000
"""Keys that are in memory at once."""


class Marks(NamedTuple):
    """Another table of the package, which names the rows that open nothing any more."""

    table: str
    column: str
    """Its column that names them."""

    of: str
    """The column by which it names them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Where a package keeps its keys, or what it knows them by."""

    app: str
    name: str
    key: str
    """The column of the key, or of a hash of it. No two rows have the same."""

    user: str
    created: str
    ends: str | None = None
    said: str | None = None
    """The column of what was told to the client, whole, if that says more than the others."""

    spent: Marks | None = None
    in_clear: tuple[str, ...] = ()
    """The columns by which whoever reads the database could use a key."""

    secrets: tuple[str, ...]
    """All columns of which nothing is to be left, once it is scrubbed."""

    models: tuple[str, ...]
    """As what Django's admin knows its rows: the labels of the models."""

    verbose_name: str
    """What Django's admin calls one of its rows, in English."""


TABLES = MappingProxyType(
    {
        "authtoken": Table(
            app="rest_framework.authtoken",
            name="authtoken_token",
            key="key",
            user="user_id",
            created="created",
            in_clear=("key",),
            secrets=("key",),
            models=("authtoken.token", "authtoken.tokenproxy"),
            verbose_name="Token",
        ),
        "knox": Table(
            app="knox",
            name="knox_authtoken",
            key="digest",
            user="user_id",
            created="created",
            ends="expiry",
            secrets=("digest", "token_key"),
            models=("knox.authtoken",),
            verbose_name="auth token",
        ),
        "simplejwt": Table(
            app="rest_framework_simplejwt.token_blacklist",
            name="token_blacklist_outstandingtoken",
            key="jti",
            user="user_id",
            created="created_at",
            ends="expires_at",
            said="token",
            spent=Marks("token_blacklist_blacklistedtoken", "token_id", "id"),
            in_clear=("token",),
            secrets=("token", "jti"),
            models=("token_blacklist.outstandingtoken", "token_blacklist.blacklistedtoken"),
            verbose_name="Outstanding Token",
        ),
    }
)
"""The table of each package whose keys can be adopted. A site may have renamed it, which `table_of` knows."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of such a table. `user` is the primary key of a user, who may be gone."""

    key: str = field(repr=False)
    user: Any
    created: datetime | None
    ends: datetime | None
    is_spent: bool
    said: str = field(default="", repr=False)


def table_of(package: str) -> Table:
    """The table of a package as it is called at this site, which may have a model of its own for it."""
    table = TABLES[package]
    return _RENAMED[package](table) if package in _RENAMED else table


def tables() -> dict[str, Table]:
    """All of them."""
    return {package: table_of(package) for package in TABLES}


def _of_model_of_knox(table: Table) -> Table:
    label = peers.written("REST_KNOX").get("TOKEN_MODEL") or raw("KNOX_TOKEN_MODEL")
    if not isinstance(label, str) or label.count(".") != 1:
        return table
    try:
        name = apps.get_model(label)._meta.db_table
    except LookupError:  # Its app has gone, and this is what Django had called the table.
        name = label.replace(".", "_").lower()
    verbose_name = camel_case_to_spaces(label.partition(".")[2])
    return replace(table, name=name, models=(label.lower(),), verbose_name=verbose_name)


_RENAMED = MappingProxyType[str, Callable[[Table], Table]]({"knox": _of_model_of_knox})


def is_there(table: Table, using: str | None = None) -> bool:
    """Whether the database of the grants, or another, has the table."""
    return has_tables(table.name, using=using)


def is_in_use(table: Table) -> bool:
    """Whether what writes to it is still installed: the package, or a model of the site's own in its place."""
    return apps.is_installed(table.app) or any(model._meta.db_table == table.name for model in apps.get_models())


def holds_keys(table: Table) -> bool:
    """Whether there is a row in it."""
    return is_there(table) and bool(execute(f"SELECT 1 FROM {quoted(table.name)} {_limit(1)}"))


def count(table: Table) -> int:
    """How many keys are in it."""
    ((found,),) = execute(f"SELECT COUNT(*) FROM {quoted(table.name)}")
    return int(found)


def pages(table: Table) -> Iterator[list[Row]]:
    """All of it in the order of the keys, `PAGE` of them at a time."""
    names = (table.key, table.user, table.created, table.ends, table.said)
    columns = [quoted(name) if name else "NULL" for name in names]
    select, key = f"SELECT {', '.join([*columns, _is_spent(table)])} FROM {quoted(table.name)}", quoted(table.key)
    rest = f"ORDER BY {key} {_limit(PAGE)}"
    user = _reader(Grant._meta.get_field("subject").get_col(Grant._meta.db_table))
    moment = _reader(Col("", DateTimeField()))

    def row(told: Sequence[Any]) -> Row:
        key, whose, created, ends, said, is_spent = told
        created, ends = (_aware(moment(value)) for value in (created, ends))
        return Row(str(key), user(whose), created, ends, bool(is_spent), str(said or ""))

    step = execute(f"{select} {rest}")
    while step:
        yield [row(each) for each in step]
        step = execute(f"{select} WHERE {key} > %s {rest}", step[-1][0]) if len(step) == PAGE else []


def forget(table: Table, user: AbstractBaseUser, using: str) -> None:
    """Delete the keys of `user`, as Django does while the package is installed: they would keep him from going."""
    if is_in_use(table) or not is_there(table, using):
        return
    whose = Grant._meta.get_field("subject").get_db_prep_save(key_of(user), connections[using])
    name, column = quoted(table.name, using), quoted(table.user, using)
    if table.spent:
        marks, mark, of = (quoted(word, using) for word in table.spent)
        execute(
            f"DELETE FROM {marks} WHERE {mark} IN (SELECT {of} FROM {name} WHERE {column} = %s)", whose, using=using
        )
    execute(f"DELETE FROM {name} WHERE {column} = %s", whose, using=using)


def _is_spent(table: Table) -> str:
    if table.spent is None:
        return "0"
    marks, mark, of = map(quoted, table.spent)
    return (
        f"CASE WHEN EXISTS (SELECT 1 FROM {marks} WHERE {marks}.{mark} = {quoted(table.name)}.{of}) THEN 1 ELSE 0 END"
    )


def _reader(column: Col) -> Callable[[Any], Any]:
    """What turns a value of the database into one of Python, as Django does for `column`."""
    connection = connections[alias()]
    converters = [*connection.ops.get_db_converters(column), *column.get_db_converters(connection)]

    def read(value: Any) -> Any:
        for convert in converters:
            value = convert(value, column, connection)
        return value

    return read


def _aware(value: datetime | None) -> datetime | None:
    return timezone.make_aware(value) if value is not None and timezone.is_naive(value) else value


def _limit(rows: int) -> str:
    return connections[alias()].ops.limit_offset_sql(0, rows)
