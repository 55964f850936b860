"""The diff in `docs/how-to/coming-from/authtoken.md`, for `project/`. `tests/test_docs.py` follows the whole page."""

import re
from pathlib import Path

PAGE = Path(__file__).parents[3] / "docs/how-to/coming-from/authtoken.md"
DIFF = "".join(re.findall(r"^```diff\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL))


def test_the_diff_changes_imports_and_names_in_the_settings_and_nothing_else():
    changed = re.findall(r"^[-+](?!-- |\+\+ )(.*)$", DIFF, re.MULTILINE)

    allowed = [line for line in changed if re.fullmatch(r'from [\w.]+ import [\w, ]+| +"[\w.]+",', line)]

    assert changed == allowed != []
