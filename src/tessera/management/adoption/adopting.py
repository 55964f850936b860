"""`manage.py tessera adopt`: taking over the keys of another package."""

from argparse import Namespace
from collections import Counter
from dataclasses import replace
from types import MappingProxyType

from django.core.management import BaseCommand, CommandError, CommandParser

from tessera.engine.adoption.comparison import SAMPLE
from tessera.engine.adoption.table import Outcome, adopt_table
from tessera.engine.packages import package_named
from tessera.engine.rows.foreign import TABLES, Table, count, is_in_use, is_there, table_of
from tessera.engine.rows.storage import alias
from tessera.management.adoption.checking import Check, check
from tessera.management.adoption.scrubbing import scrub
from tessera.management.adoption.trusting import BESIDE, Beside
from tessera.management.adoption.verifying import verify_adopted
from tessera.management.answers import bar, json_argument, tell
from tessera.management.names import lifetime

_WORDS = MappingProxyType(
    {
        Outcome.ADOPTED: "adopted",
        Outcome.SPENT: "spent",
        Outcome.HERE: "already here",
        Outcome.PUT_OFF: "with a later end now",
        Outcome.EXPIRED: "expired",
        Outcome.NOBODYS: "without a user",
        Outcome.UNFIT: "that can open nothing",
    }
)


def adopt_arguments(parser: CommandParser) -> None:
    """What `adopt` takes."""
    parser.add_argument("package", nargs="?", choices=sorted(TABLES), help="The package that made the keys.")
    way = parser.add_mutually_exclusive_group()
    way.add_argument("--check", action=Check, help="Write nothing: say what the site has to change before it moves.")
    way.add_argument("--dry-run", action="store_true", help="Write nothing: only count.")
    way.add_argument("--verify", action="store_true", help="Prove that what was adopted is as it was. Write nothing.")
    way.add_argument("--finish", action="store_true", help="Scrub the table of the package. There is no way back.")
    parser.add_argument(
        "--all", action="store_true", help=f"With --verify: each row, and not {SAMPLE} of more, drawn by chance."
    )
    parser.add_argument(
        "--lifetime",
        help="Of keys without an end: 30m, 12h, 90d, 2w or never, from now. Default: the site's TOKEN_LIFETIME.",
    )
    parser.add_argument("--table", help="The table, if the site has given it a name that nothing tells any more.")
    json_argument(parser)


def adopt(command: BaseCommand, asked: Namespace) -> None:
    """Take over the keys of another package, so that every one of them works on.

    They are read from its table. The package itself need not be installed, and
    its rows stay as they are: they are the way back.

    It can be killed and run again. A key that is here is left alone, also if it
    was revoked or replaced since, so nothing comes back to life. Users who are
    inactive keep theirs: it is refused until they are active again.

    A key keeps the end that its package gave it, and what has expired is not
    adopted. While the old package still renews keys, run it again before the
    switch: it puts off the ends of those.

    Of simplejwt, whose tokens are signed and need no table, the key is trusted as
    well: what it has signed is taken over when it is first used, until all of it
    has expired, or for --lifetime. --finish ends that, for good.

    --verify then compares the two: the same user, end and digest, and live where
    it was. It exits with 1 and says what is wrong, if anything is.

    Once the way back is not needed, --finish scrubs that table, of which some
    packages let whoever reads the database use the keys, and what the admin
    logged of it. It refuses while one of its keys has not been adopted. Do it
    before a pepper is taken away: what was adopted under that one is then not
    known any more.
    """
    if asked.check:
        check(command, asked)
        return
    if asked.package is None:
        raise CommandError(f"Which package: {', '.join(sorted(TABLES))}?", returncode=2)
    beside = BESIDE.get(asked.package, Beside())
    beside.prove(asked)
    if table := _table(asked.package, asked.table, may_lack=asked.package in BESIDE):
        next((_WAYS[way] for way in _WAYS if getattr(asked, way)), _take_over)(command, asked, table)
    next((way for name, way in beside.ways.items() if getattr(asked, name)), beside.take_over)(command, asked)


def _take_over(command: BaseCommand, asked: Namespace, table: Table) -> None:
    ends = lifetime(asked.lifetime)
    tally, show = Counter[Outcome](), bar(command, count(table))
    for became in adopt_table(asked.package, table, lifetime=ends, dry_run=asked.dry_run):
        tally.update(became)
        show(tally.total())
    words = {outcome: word for outcome, word in _WORDS.items() if _may_be(outcome, table)}
    facts = {"found": tally.total(), **{outcome.value: tally[outcome] for outcome in words}}
    told = ", ".join(f"{word}: {tally[outcome]}" for outcome, word in words.items())
    verb = "would be " if asked.dry_run else ""
    tell(command, asked, f"Keys found: {tally.total()}; {verb}{told}.", **facts)


def _finish(command: BaseCommand, asked: Namespace, table: Table) -> None:
    if is_in_use(table):
        raise CommandError(
            f"{table.app} is still in INSTALLED_APPS, or a model of {table.name} is, and would put new keys there: "
            "take it out first."
        )
    found = count(table)
    left = scrub(asked.package, table)
    tell(command, asked, f"Keys scrubbed: {found}. {left}", scrubbed=found, left=left)


def _may_be(outcome: Outcome, table: Table) -> bool:
    """Whether a row of the table can come to that: a package may know no end, and nothing spent."""
    return {Outcome.EXPIRED: table.ends, Outcome.PUT_OFF: table.ends, Outcome.SPENT: table.spent}.get(
        outcome, True
    ) is not None


def _table(package: str, name: str | None, *, may_lack: bool) -> Table | None:
    table = table_of(package)
    if name is not None:
        table = replace(table, name=name)
    if package == "knox" and package_named(package) is None:
        raise CommandError(
            f"How {package} knew its keys, no setting tells: REST_KNOX names no hash or length that there is."
        )
    if not is_there(table):
        if may_lack:
            return None
        raise CommandError(f'The database "{alias()}" has no table {table.name}, so it has no keys of {package}.')
    return table


_WAYS = MappingProxyType({"verify": verify_adopted, "finish": _finish})
"""What is done in the place of taking over, for each option that says so."""
