"""Reading the catalogs without GNU gettext, which a machine need not have."""

import ast
import gettext
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tessera

LOCALE = Path(tessera.__file__).parent / "locale"
LANGUAGES = sorted(folder.name for folder in LOCALE.iterdir())

LINE = re.compile(r'(?:(msgctxt|msgid_plural|msgid|msgstr(?:\[\d\])?) )?(".*")')


@dataclass(frozen=True, slots=True)
class Entry:
    """A text, or one with its plural, and what a language has for it."""

    text: tuple[str, ...]
    words: tuple[str, ...]
    is_fuzzy: bool


def source(language: str) -> list[Entry]:
    """What the translators of a language wrote. The first entry is about the catalog itself."""
    path = LOCALE / language / "LC_MESSAGES" / "django.po"
    return [_entry(block) for block in re.split(r"\n\n+", path.read_text("utf-8").strip())]


def compiled(language: str) -> dict[str | tuple[str, int], str]:
    """What Django reads, without what it says of the catalog itself: that has no date any more."""
    with (LOCALE / language / "LC_MESSAGES" / "django.mo").open("rb") as catalog:
        read: Any = gettext.GNUTranslations(catalog)
    return {text: words for text, words in read._catalog.items() if text}


def in_compiled_form(entry: Entry) -> dict[str | tuple[str, int], str]:
    """An entry as `compiled` has it: each plural form by itself."""
    if len(entry.text) == 1:
        return {entry.text[0]: entry.words[0]}
    return {(entry.text[0], form): words for form, words in enumerate(entry.words)}


def _entry(block: str) -> Entry:
    said: dict[str, str] = {}
    name = ""
    for line in block.splitlines():
        if line.startswith("#"):
            continue
        found = LINE.fullmatch(line)
        assert found, f"no line of a catalog: {line}"
        name = found[1] or name
        said[name] = said.get(name, "") + ast.literal_eval(found[2])
    text = tuple(said[part] for part in ("msgid", "msgid_plural") if part in said)
    words = tuple(said[part] for part in sorted(said) if part.startswith("msgstr"))
    return Entry(text, words, "\n#, fuzzy" in f"\n{block}" or block.startswith("#~"))
