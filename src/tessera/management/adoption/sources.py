"""Reading the sources of a site for the names of a package. They are parsed, and never run."""

import ast
import os
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from django.apps import apps

from tessera.conf import raw
from tessera.management.adoption.counterparts import Package

_OURS = Path(__file__).resolve().parents[2]
_INSTALLED = {"site-packages", "dist-packages"}
_NOT_READ = {*_INSTALLED, "__pycache__", "node_modules"}
_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """What stands in a line, and what is to stand there. The line itself is never shown: it may hold a secret."""

    line: int
    was: str
    becomes: tuple[str, ...] = ()
    instead: str = ""
    """What to do where no other words will do."""


class Text(NamedTuple):
    """A text in a file, and where."""

    line: int
    column: int
    value: str

    def __str__(self) -> str:
        return f'"{self.value}"'


def sources() -> Iterator[Path]:
    """The Python files of the site: those beside its settings, and those of its own apps."""
    seen = set()
    for root in _roots():
        for folder, folders, files in os.walk(root):
            folders[:] = sorted(name for name in folders if _is_the_sites_own(Path(folder, name)))
            for path in (Path(folder, name) for name in sorted(files) if name.endswith(".py")):
                # What an editor leaves behind may lead nowhere, and a pipe never ends.
                if path not in seen and path.is_file():
                    seen.add(path)
                    yield path


def _roots() -> Iterator[Path]:
    module = raw("SETTINGS_MODULE")
    spec = find_spec(module) if module else None
    if spec and spec.origin:
        file = Path(spec.origin).resolve()
        root = file.parents[spec.name.count(".") + (file.name == "__init__.py")]
        yield from (
            [] if root == Path(root.anchor) else [root]
        )  # Not the whole disk, where the settings lie at its root.
    for config in apps.get_app_configs():
        folder = Path(config.path).resolve()
        if folder != _OURS and _INSTALLED.isdisjoint(folder.parts):
            yield folder


def _is_the_sites_own(folder: Path) -> bool:
    is_hidden = folder.name.startswith(".") or folder.name in _NOT_READ
    return not is_hidden and not (folder / "pyvenv.cfg").exists() and folder != _OURS


def read(path: Path) -> ast.Module | None:
    """The file as Python reads it, or `None`."""
    try:
        return parsed(path.read_bytes())
    except OSError:  # It may be somebody else's.
        return None


def parsed(text: bytes) -> ast.Module | None:
    """The text as Python reads it, or `None`."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # They are of the site's own code, and of no use here.
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def changes(tree: ast.AST, package: Package) -> list[Change]:
    """What to change in a file that is to have no name of `package` any more."""
    nodes = list(ast.walk(tree))
    owned = {text for text in _texts(tree) if _DOTTED.fullmatch(text.value) and package.owns(text.value)}
    listed = {text for node in nodes if _is_about(node, "APPS") for text in _texts(node)}
    return sorted(
        [
            *(change for node in nodes if isinstance(node, ast.ImportFrom) for change in _imported(node, package)),
            *(change for node in nodes if isinstance(node, ast.Import) for change in _loaded(node, package)),
            *(_named(text, package) for text in owned - listed if "." in text.value),
            *(Change(text.line, str(text)) for text in owned & listed),
            *(change for node in nodes if _is_about(node, "dependencies") for change in _depends(node, package)),
        ]
    )


def places(tree: ast.AST, setting: str) -> dict[str, int]:
    """The line of each key in the dict that is assigned to `setting`."""
    dicts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Assign) and _is_about(node, setting)]
    keys = [key for each in dicts if isinstance(each, ast.Dict) for key in each.keys if key]
    return {text.value: text.line for key in keys for text in _texts(key)}


def _imported(node: ast.ImportFrom, package: Package) -> Iterator[Change]:
    """`from theirs import names`."""
    if node.level or not node.module:
        return
    theirs = {alias: f"{node.module}.{alias.name}" for alias in node.names}
    moved = [alias for alias, name in theirs.items() if name in package.names]
    lost = [alias for alias, name in theirs.items() if package.owns(name) and alias not in moved]
    if moved:
        kept = [alias for alias in node.names if alias not in moved and alias not in lost]
        targets = sorted((*package.names[theirs[alias]].rpartition(".")[::2], alias) for alias in moved)
        yield Change(
            node.lineno,
            ast.unparse(_from(node.module, [alias for alias in node.names if alias not in lost])),
            (
                *([ast.unparse(_from(node.module, kept))] if kept else []),
                *(
                    ast.unparse(_from(module, [_renamed(alias, name) for _, name, alias in names]))
                    for module, names in groupby(targets, key=lambda target: target[0])
                ),
            ),
        )
    for alias in lost:
        yield Change(node.lineno, ast.unparse(_from(node.module, [alias])), instead=package.instead_of(theirs[alias]))


def _loaded(node: ast.Import, package: Package) -> Iterator[Change]:
    """`import theirs`."""
    for alias in node.names:
        if not package.owns(alias.name):
            continue
        was, ours = ast.unparse(ast.Import([alias])), package.names.get(alias.name)
        if ours is None:
            yield Change(node.lineno, was, instead=package.instead_of(alias.name))
        else:
            instead = "" if alias.asname else f"And say {ours} wherever it says {alias.name}."
            yield Change(node.lineno, was, (ast.unparse(ast.Import([ast.alias(ours, alias.asname)])),), instead)


def _named(text: Text, package: Package) -> Change:
    """A dotted path in quotes."""
    ours = package.names.get(text.value)
    if ours is None:
        return Change(text.line, str(text), instead=package.instead_of(text.value))
    return Change(text.line, str(text), (f'"{ours}"',))


def _depends(node: ast.AST, package: Package) -> Iterator[Change]:
    """A migration of the site that stands on one of the package."""
    labels = {app.rpartition(".")[2] for app in package.apps}
    for pair in (each for each in ast.walk(node) if isinstance(each, ast.Tuple)):
        match list(_texts(pair)):
            case [label, name] if label.value in labels:
                yield Change(pair.lineno, f"({label}, {name})", instead=_HAS_DONE_ITS_WORK)


_HAS_DONE_ITS_WORK = "This migration has done its work: take the dependency out, and the operations that need it."


def _is_about(node: ast.AST, ending: str) -> bool:
    """Whether it assigns to a name that ends so, or calls a method of it."""
    targets: list[ast.expr] = []
    if isinstance(node, ast.Assign):
        targets = node.targets
    elif isinstance(node, ast.AugAssign | ast.AnnAssign):
        targets = [node.target]
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        targets = [node.func.value]
    return any(isinstance(target, ast.Name) and target.id.endswith(ending) for target in targets)


def _texts(node: ast.AST) -> Iterator[Text]:
    for each in ast.walk(node):
        if isinstance(each, ast.Constant) and isinstance(each.value, str):
            yield Text(each.lineno, each.col_offset, each.value)


def _from(module: str, names: list[ast.alias]) -> ast.ImportFrom:
    return ast.ImportFrom(module, names, 0)


def _renamed(alias: ast.alias, name: str) -> ast.alias:
    """The name of ours, known in the file by the name that it had."""
    known = alias.asname or alias.name
    return ast.alias(name, None if known == name else known)
