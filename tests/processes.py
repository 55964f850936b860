"""Python in a process of its own: for a start that is tried, or an end that nobody survives."""

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from django.db import connection

PATIENCE = 60.0  # Seconds, after which whoever still runs has found a deadlock.

ON_A_DATABASE = """
import sys
from django.conf import settings
settings.DATABASES["default"]["NAME"] = sys.argv.pop(1)
"""


def python(
    *words: str | Path,
    settings: str = "",
    stdin: str = "",
    folder: Path | None = None,
    paths: Iterable[str | Path] | None = None,
    **environ: str,
) -> subprocess.CompletedProcess[str]:
    """What it said, and how it ended. It has the settings named or none, imports what the suite does, and warns nobody:
    a warning is an error.
    """
    told = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    told["PYTHONPATH"] = os.pathsep.join(map(str, sys.path if paths is None else paths))
    return subprocess.run(
        [sys.executable, "-W", "error", *words],
        cwd=folder,
        env=told | ({"DJANGO_SETTINGS_MODULE": settings} if settings else {}) | environ,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def on_a_database(code: str, *words: str, name: str = "", stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run `code` with the settings of the tests on this test's database, or on the one named."""
    name = name or str(connection.settings_dict["NAME"])
    return python("-c", ON_A_DATABASE + code, name, *words, settings="tests.settings", stdin=stdin, COLUMNS="80")
