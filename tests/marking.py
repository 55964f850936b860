"""Finding texts for people that no catalog can have, because they are not marked."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from django.core.exceptions import ValidationError
from rest_framework import exceptions

import tessera
from tessera import errors

ROOT = Path(tessera.__file__).parent
MODULES = {str(path.relative_to(ROOT)): path.read_text() for path in sorted(ROOT.rglob("*.py"))}
PAGES = {
    str(path.relative_to(ROOT)): path.read_text() for path in sorted(ROOT.rglob("templates/**/*")) if path.is_file()
}
"""The sources, by the path in the package."""

MARKS = frozenset({"_", "gettext", "gettext_lazy", "gettext_noop", "ngettext", "ngettext_lazy"})
"""What `makemessages` looks for. It takes nothing but a plain text."""

INNER = (errors.InvalidCredential, errors.StoreDown, errors.SecretGone)
"""Errors whose words no client sees: those of a refusal are a reason for the log, and those of the last a cure for who
writes the site. `MalformedHeader` is told its client all the same."""

TO_PEOPLE = frozenset(
    name
    for module in (errors, exceptions)
    for name, error in vars(module).items()
    if isinstance(error, type) and issubclass(error, Exception)
    if not issubclass(error, INNER) or error is errors.MalformedHeader
) | {ValidationError.__name__}
"""Errors whose words a client sees, or somebody in the admin."""

NAMES = frozenset(
    {
        *("label", "help_text", "verbose_name", "verbose_name_plural", "search_help_text", "title", "description"),
        *("detail", "default_detail", "message", "short_description", "empty_label", "error_messages"),
    }
)
"""What a text for people is called, as an argument, an attribute or a key."""

ANSWERS = {"message_user": 1, "add_error": 1, "HttpResponse": 0, "HttpResponseForbidden": 0, "Response": 0}
"""What tells people something, and which of its arguments they read."""

WORDLESS = frozenset({"status", "code", "retry_after"})
"""What a problem has beside its words."""

TAG = re.compile(r"{% *(block|end)?(?:trans|translate)\b *(?:\"([^\"]*)\"|'([^']*)')?.*?%}")
BLOCK = re.compile(
    r"{% *blocktrans(?:late)?\b[^%]*%}(.*?)(?:{% *plural *%}(.*?))?{% *endblocktrans(?:late)? *%}", re.DOTALL
)
UNSEEN = re.compile(r"<(script|style)\b.*?</\1>|{#.*?#}|{%.*?%}|{{.*?}}|<[^>]*>|&\w+;", re.DOTALL)
ATTRIBUTE = re.compile(r"\b(?:alt|title|placeholder|aria-label)=\"([^\"{]*)\"")


def called(node: ast.Call) -> str:
    """The last name of what is called."""
    return ast.unparse(node.func).rpartition(".")[2]


def texts(node: ast.AST) -> Iterator[ast.expr]:
    """The texts in an expression that are not marked. A key is none, nor is a `code`, nor what has no word in it."""
    match node:
        case ast.Call() if called(node) in MARKS:
            return
        case ast.Constant(value=str(text)) if re.search(r"[A-Za-z]{2}", text):
            yield node
        case ast.JoinedStr() if re.search(r"[A-Za-z]{2}", "".join(bare(node.values))):
            yield node
        case ast.BinOp(op=ast.Mod(), left=left):
            yield from texts(left)
        case ast.Call(func=ast.Attribute(value=template, attr="format")):
            yield from texts(template)
        case ast.BinOp() | ast.BoolOp() | ast.Tuple() | ast.List():
            for child in ast.iter_child_nodes(node):
                yield from texts(child)
        case ast.IfExp():
            yield from [*texts(node.body), *texts(node.orelse)]
        case ast.Dict():
            for value in node.values:
                yield from texts(value)


def bare(parts: list[ast.expr]) -> Iterator[str]:
    """The parts of an f-string that are written there."""
    return (part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str))


def for_people(node: ast.AST) -> Iterator[ast.AST]:
    """What of a node somebody is to read."""
    match node:
        case ast.Call():
            name, said = called(node), node.args[:1]
            if name in TO_PEOPLE or (name.endswith("Field") and isinstance(node.func, ast.Name)):
                yield from said
            if name in ANSWERS:
                yield from node.args[ANSWERS[name] :][:1]
            yield from (each.value for each in node.keywords if each.arg in NAMES)
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)) if name in NAMES:
            yield node.value or node
        case ast.Assign(targets=[ast.Attribute(attr=name)]) if name in NAMES:
            yield node.value
        case ast.Dict():
            named = zip(node.keys, node.values, strict=True)
            yield from (value for key, value in named if isinstance(key, ast.Constant) and key.value in NAMES)
        case ast.ClassDef() if any(ast.unparse(each).endswith("Choices") for each in node.bases):
            values = (each.value for each in node.body if isinstance(each, ast.Assign))
            yield from (value.elts[1] if isinstance(value, ast.Tuple) else value for value in values)


def unmarked(source: str) -> Iterator[tuple[int, str]]:
    """The line of each text for people that is not marked, and what stands there."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        for told in for_people(node):
            yield from ((each.lineno, ast.unparse(each)) for each in texts(told))
        # A text that is put together before it is looked up is in no catalog.
        if isinstance(node, ast.Call) and called(node) in MARKS and not _is_plain(node):
            yield node.lineno, ast.unparse(node)


def untranslated(source: str) -> Iterator[tuple[int, str]]:
    """The line of each answer to a client that is made of an error and left in English."""
    tree = ast.parse(source)
    wordless = [each.value for each in ast.walk(tree) if isinstance(each, ast.Attribute) and each.attr in WORDLESS]
    calls = (each for each in ast.walk(tree) if isinstance(each, ast.Call) and each not in wordless)
    for call in calls:
        if called(call) in {"problem", "in_words"} and "gettext" not in ast.unparse(call):
            yield call.lineno, ast.unparse(call)


def unmarked_in_page(page: str) -> Iterator[tuple[int, str]]:
    """The same for a template."""
    blank = BLOCK.sub(lambda block: "\n" * block[0].count("\n"), page)
    seen = UNSEEN.sub(lambda tag: "\n" * tag[0].count("\n"), blank)
    for number, line in enumerate(seen.splitlines(), 1):
        if re.search(r"\w", line):
            yield number, line.strip()
    for number, line in enumerate(blank.splitlines(), 1):
        yield from ((number, text) for text in ATTRIBUTE.findall(line) if re.search(r"\w", text))


def marked(source: str) -> Iterator[tuple[str, ...]]:
    """What `makemessages` finds in a module: a text, or one with its plural."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and called(node) in MARKS and _is_plain(node):
            count = 2 if called(node).startswith("ngettext") else 1
            yield tuple(ast.literal_eval(each) for each in node.args[:count])


def marked_in_page(page: str) -> Iterator[tuple[str, ...]]:
    """What it finds in a template."""
    for block, plural in BLOCK.findall(page):
        yield tuple(re.sub(r"{{ *(\w+) *}}", r"%(\1)s", text) for text in (block, plural) if text)
    yield from ((double or single,) for _, double, single in TAG.findall(page) if double or single)


def _is_plain(call: ast.Call) -> bool:
    return bool(call.args) and isinstance(call.args[0], ast.Constant)
