"""Commands, called here or typed at a terminal of their own."""

from io import StringIO

import pytest
from django.core.management import call_command, load_command_class

from tests.processes import on_a_database

MANAGE = """
from django.core.management import execute_from_command_line
execute_from_command_line(["manage.py", *sys.argv[1:]])
"""


def called(*words: str) -> tuple[str, str]:
    """What the command said on stdout and on stderr."""
    out, err = StringIO(), StringIO()
    call_command(*words, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def typed(*words: str, stdin: str = "", database: str = "") -> tuple[int, str, str]:
    """The exit code, stdout and stderr of a process on this test's database, or on the one named."""
    done = on_a_database(MANAGE, *words, name=database, stdin=stdin)
    return done.returncode, done.stdout, done.stderr


def read(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int | str | None, str, str]:
    """As `typed`, but quickly, in this process: for what comes to no database."""
    code: int | str | None = 0
    try:
        load_command_class("tessera", words[0]).run_from_argv(["manage.py", *words])
    except SystemExit as end:
        code = end.code
    said = capsys.readouterr()
    return code, said.out, said.err
