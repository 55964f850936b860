"""Pages that the code writes: `tessera-settings`, one entry for each field of `tessera.conf.Settings`."""

from dataclasses import MISSING, Field, fields
from datetime import timedelta
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.pycode import ModuleAnalyzer
from sphinx.util.docutils import SphinxDirective

from tessera.conf import Settings

UNITS = {
    "day": timedelta(days=1),
    "hour": timedelta(hours=1),
    "minute": timedelta(minutes=1),
    "second": timedelta(seconds=1),
}


class SettingsDirective(SphinxDirective):
    """Every setting with its type, its default and its docstring."""

    def run(self) -> list[nodes.Node]:
        code = ModuleAnalyzer.for_module(Settings.__module__)
        code.analyze()
        lines: list[str] = []
        for field in fields(Settings):
            place = "Settings", field.name
            lines += [f"## {field.name}", "", f"`{code.annotations[place]}`, by default {default(field)}.", ""]
            lines += [*code.attr_docs[place], ""]
        return self.parse_text_to_nodes("\n".join(lines), allow_section_headings=True)


def default(field: Field[Any]) -> str:
    value = field.default_factory() if field.default_factory is not MISSING else field.default
    if isinstance(value, timedelta):
        name, number = next(((name, value // unit) for name, unit in UNITS.items() if value >= unit), ("second", 0))
        return f"{number} {name}{'s' * (number != 1)}"
    return f"`{value!r}`"


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("tessera-settings", SettingsDirective)
    return {"parallel_read_safe": True}
