"""`manage.py tessera adopt --check`: what a site has to change before it moves, and what will differ."""

import json
from argparse import Action, ArgumentParser, Namespace
from ast import Module
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from types import MappingProxyType
from typing import Any

from django.core.management import BaseCommand

from tessera.checks.honoured import HONOURED
from tessera.checks.peers import not_honoured
from tessera.management.adoption.counterparts import PACKAGES, Package
from tessera.management.adoption.sources import Change, changes, places, read, sources

Fact = Mapping[str, Any]
Files = Mapping[str, Module | None]

_UNREADABLE = "This is no Python that can be read here: look at it yourself."
_HEADINGS = MappingProxyType({"run": "Then run:", "differs": "What differs afterwards:"})


class Check(Action):
    """`--check`, which runs no check of Django's: a site that is half moved has errors, and is to hear what to do."""

    def __init__(self, option_strings: Sequence[str], dest: str, help: str) -> None:  # noqa: A002 - argparse names it
        super().__init__(option_strings, dest, nargs=0, default=False, help=help)

    def __call__(self, parser: ArgumentParser, namespace: Namespace, *_: object) -> None:
        """Take it."""
        namespace.check = namespace.skip_checks = True


def check(command: BaseCommand, asked: Namespace) -> None:
    """Read the sources of the site, and print what to change for one package, or for each that it comes from."""
    files = {_shown(path): read(path) for path in sources()}
    wanted = [asked.package] if asked.package else PACKAGES
    facts = [{"package": name, **fact} for name in wanted for fact in _facts(name, PACKAGES[name], files)]
    for line in map(json.dumps, facts) if asked.json else _lines(facts, files):
        command.stdout.write(line)


def _facts(name: str, package: Package, files: Files) -> Iterator[Fact]:
    """Each thing to know, as an object of JSON."""
    found = _found(package, files)
    if found and package.beside:
        found = _found(replace(package, names={**package.names, **package.beside}), files)
    for path, change in found:
        fact = {"path": path, "line": change.line, "was": change.was}
        yield {**fact, "becomes": list(change.becomes), "instead": change.instead}
    yield from _told(package, files)
    if found:
        yield from ({"path": path, "line": 1, "instead": _UNREADABLE} for path, tree in files.items() if tree is None)
        yield {"run": "python manage.py migrate"}
        yield from ({"run": f"python manage.py tessera adopt {name} {way}".rstrip()} for way in package.ways)
        yield from ({"differs": what, "now": now} for what, now in package.differs.items())


def _found(package: Package, files: Files) -> list[tuple[str, Change]]:
    return [(path, change) for path, tree in files.items() if tree for change in changes(tree, package)]


def _told(package: Package, files: Files) -> Iterator[Fact]:
    """The keys of the package's settings that are not honoured. Of what they hold nothing is told."""
    keys = dict(not_honoured(package.setting)) if package.setting in HONOURED else {}
    written = {
        key: (path, line)
        for path, tree in files.items()
        if tree and keys
        for key, line in places(tree, package.setting).items()
    }
    for key, told in keys.items():
        path, line = written.get(key, (package.setting, 0))
        sentence = f'{package.setting}["{key}"] cannot be honoured: {told.reason}. {told.instead}'
        yield {"path": path, "line": line, "instead": sentence}


def _lines(facts: Sequence[Fact], files: Files) -> Iterator[str]:
    """The same for people."""
    for heading, several in groupby(facts, lambda fact: next((_HEADINGS[key] for key in _HEADINGS if key in fact), "")):
        if heading:
            yield f"\n{heading}"
        for fact in several:
            yield from [_as_words(fact)] if heading else _as_change(fact)
    if not facts:
        yield f"Nothing to change in {len(files)} files."


def _as_words(fact: Fact) -> str:
    return f"    {fact['run']}" if "run" in fact else f"    {fact['differs']}: {fact['now']}"


def _as_change(fact: Fact) -> Iterator[str]:
    yield f"{fact['path']}:{fact['line']}" if fact["line"] else fact["path"]
    yield from ([f"- {fact['was']}"] if "was" in fact else [])
    yield from (f"+ {line}" for line in fact.get("becomes", ()))
    yield from ([f"  {fact['instead']}"] if fact["instead"] else [])


def _shown(path: Path) -> str:
    here = Path.cwd().resolve()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
