"""`manage.py tessera adopt PACKAGE --verify`: proving that what was adopted is as it was."""

from argparse import Namespace
from collections import Counter
from itertools import islice
from types import MappingProxyType

from django.core.management import BaseCommand, CommandError

from tessera.engine.adoption.comparison import RIGHT, Verdict, compare_table
from tessera.engine.rows.foreign import Table, count
from tessera.management.answers import bar, tell

_WORDS = MappingProxyType(
    {
        Verdict.SAME: "the same",
        Verdict.OVER: "over before",
        Verdict.ENDED: "ended here since",
        Verdict.TRADED: "traded here since",
        Verdict.MISSING: "not adopted",
        Verdict.OTHERS: "of another user",
        Verdict.OTHER_TOKEN: "with another token, as one that was replaced has",
        Verdict.OTHER_END: "with another end",
        Verdict.OTHER_PASSWORD: "bound to another password than the user has now",
        Verdict.DEAD: "dead here, and live there",
        Verdict.ALIVE: "live here, and spent there",
    }
)

_ALWAYS = frozenset({Verdict.SAME, Verdict.OVER, Verdict.ENDED})
"""What is told though there be none of it."""

_MEANWHILE = frozenset({Verdict.MISSING, Verdict.ALIVE, Verdict.OTHER_END})
"""What comes of a package that still serves, and goes when its tokens are taken over once more."""

_SHOWN = 20
"""Of what is wrong, so many are named."""


def verify_adopted(command: BaseCommand, asked: Namespace, table: Table) -> None:
    """Say how the table and our rows compare, and exit with 1 if anything is wrong."""
    tally, wrong, total, done = Counter[Verdict](), list[str](), count(table), 0
    show = bar(command, total)
    for seen, page in compare_table(asked.package, table, all_of_it=asked.all):
        tally.update(each.verdict for each in page)
        told = (f"{each.hint}, of user {each.user}: {_WORDS[each.verdict]}" for each in page)
        named = (line for each, line in zip(page, told, strict=True) if each.verdict not in RIGHT)
        wrong += islice(named, _SHOWN - len(wrong))
        done += seen
        show(done)
    faults = sum(tally[verdict] for verdict in Verdict if verdict not in RIGHT)
    facts = {"found": total, "compared": tally.total(), "wrong": faults}
    facts |= {verdict.value: tally[verdict] for verdict in Verdict if verdict in _ALWAYS or tally[verdict]}
    words = ", ".join(f"{_WORDS[each]}: {tally[each]}" for each in Verdict if each in _ALWAYS or tally[each])
    tell(command, asked, f"Keys found: {total}; compared: {tally.total()}; {words}.", **facts)
    if faults:
        cure = f"What is so because {asked.package} went on serving: tessera adopt {asked.package} once more mends it."
        raise CommandError("\n".join([f"Wrong: {faults}.", *wrong, *([cure] if tally.keys() & _MEANWHILE else [])]))
