"""What a file says of the package that its site comes from, and what it is to say."""

import ast

import pytest

from tessera.management.adoption.counterparts import PACKAGES, Package
from tessera.management.adoption.sources import changes, parsed, places
from tests.processes import python

ARCHIVE = Package(
    "archive",
    apps=("archive", "archive.sheets"),
    names={
        "archive.auth": "ours.auth",
        "archive.auth.Reader": "ours.auth.Reader",
        "archive.auth.Writer": "ours.pens.Author",
        "archive.urls": "ours.urls",
    },
    gone={"archive.admin": "Take it out.", "archive.auth.Clerk": "Let him go."},
)


def told(text: str) -> list[str]:
    """Each change as its lines."""
    tree = parsed(text.encode())
    assert tree
    return [
        f"{change.line} - {change.was}"
        + "".join(f" + {line}" for line in change.becomes)
        + f" {change.instead}".rstrip()
        for change in changes(tree, ARCHIVE)
    ]


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        pytest.param("import os\nfrom django.db import models", [], id="nothing"),
        pytest.param(
            "\nfrom archive.auth import Reader",
            ["2 - from archive.auth import Reader + from ours.auth import Reader"],
            id="a class",
        ),
        pytest.param(
            "from archive.auth import (\n    Reader as R,  # SECRET\n)",
            ["1 - from archive.auth import Reader as R + from ours.auth import Reader as R"],
            id="another name for it",
        ),
        pytest.param(
            "from archive.auth import Writer",
            ["1 - from archive.auth import Writer + from ours.pens import Author as Writer"],
            id="one that is called something else here",
        ),
        pytest.param(
            "from archive.auth import Writer, Reader",
            [
                "1 - from archive.auth import Writer, Reader"
                " + from ours.auth import Reader + from ours.pens import Author as Writer"
            ],
            id="two from two",
        ),
        pytest.param(
            "from archive.auth import Clerk, Reader",
            [
                "1 - from archive.auth import Clerk Let him go.",
                "1 - from archive.auth import Reader + from ours.auth import Reader",
            ],
            id="one that is gone beside one that is not",
        ),
        pytest.param(
            "from archive.admin.pages import Page", ["1 - from archive.admin.pages import Page Take it out."], id="gone"
        ),
        pytest.param(
            "from archive.cellar import Mouse",
            ["1 - from archive.cellar import Mouse There is no such name here."],
            id="one that nobody has thought of",
        ),
        pytest.param(
            "from archive.auth import *", ["1 - from archive.auth import * There is no such name here."], id="all"
        ),
        pytest.param(
            "from archive import auth as a",
            ["1 - from archive import auth as a + from ours import auth as a"],
            id="a module",
        ),
        pytest.param(
            "import archive.auth as auth",
            ["1 - import archive.auth as auth + import ours.auth as auth"],
            id="a module by itself",
        ),
        pytest.param(
            "import os, archive.auth",
            ["1 - import archive.auth + import ours.auth And say ours.auth wherever it says archive.auth."],
            id="a module by its whole name",
        ),
        pytest.param(
            "import archive.cellar", ["1 - import archive.cellar There is no such name here."], id="no module"
        ),
        pytest.param("from . import archive\nfrom .archive import auth", [], id="a module of the site's own"),
        pytest.param("from archives.auth import Reader\nimport archivesque", [], id="another package that begins so"),
        pytest.param('x = ["archive.auth.Reader"]', ['1 - "archive.auth.Reader" + "ours.auth.Reader"'], id="a path"),
        pytest.param("include('archive.urls')", ['1 - "archive.urls" + "ours.urls"'], id="routes"),
        pytest.param(
            "x = 'archive.admin.Page'", ['1 - "archive.admin.Page" Take it out.'], id="a path to what is gone"
        ),
        pytest.param("x = 'archive', 'an archive.auth.Reader', b'archive.auth'", [], id="words"),
        pytest.param("INSTALLED_APPS = ['archive', 'ours']", ['1 - "archive"'], id="an app"),
        pytest.param("LOCAL_APPS += ('archive.sheets',)", ['1 - "archive.sheets"'], id="an app added"),
        pytest.param(
            "INSTALLED_APPS.append('archive.apps.Config')", ['1 - "archive.apps.Config"'], id="an app appended"
        ),
        pytest.param(
            "class Migration:\n    dependencies = [('ours', '0001'), ('sheets', '0001_initial')]",
            [
                '2 - ("sheets", "0001_initial") This migration has done its work: '
                "take the dependency out, and the operations that need it."
            ],
            id="a migration that depends on it",
        ),
    ],
)
def test_what_names_the_package_is_told_with_what_to_write(text, changed):
    assert told(text) == changed


def test_of_a_line_only_the_names_are_shown():
    text = 'TOKEN = {"KEY": "sesame", "CLASS": "archive.auth.Reader"}; from archive.auth import Reader; x = "sesame"'

    assert "sesame" not in " ".join(told(text))
    assert len(told(text)) == 2


@pytest.mark.parametrize(
    "text", [b"x = (", b"\xff", b"\x00", b"print 1", b"(" * 10_000], ids=lambda text: repr(text[:9])
)
def test_what_is_no_python_is_none(text):
    assert parsed(text) is None


def test_an_escape_that_python_warns_of_is_no_fault_here():
    assert parsed(b"x = '\\d'") is not None


def test_the_keys_of_a_dict_have_their_lines():
    tree = ast.parse('X = {"A": 1}\nY = {\n    "B": {"C": 2},\n    **X,\n    D: 3,\n}')

    assert places(tree, "Y") == {"B": 3}


NEXT_RELEASE = {f"rest_framework_simplejwt.serializers.default_on_login_{how}" for how in ("failed", "success")}
"""What the package that the tests have does not have yet."""

MISSING = """
import sys
from importlib import import_module
from django.conf import settings

settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, *sys.argv.pop(1).split()]

import django

django.setup()

def has(name):
    module, _, last = name.rpartition(".")
    try:
        return import_module(name)
    except ImportError:
        return hasattr(import_module(module), last)

print([name for name in sys.argv[1:] if not has(name)])
"""
"""Which names are neither a module nor in one, where these apps are installed."""


@pytest.mark.parametrize("package", PACKAGES.values(), ids=list(PACKAGES))
def test_every_name_is_one_of_the_package_and_one_of_ours(package):
    of_theirs = python(
        "-c", MISSING, " ".join(package.apps), *(package.names.keys() - NEXT_RELEASE), settings="tests.settings"
    )
    of_ours = python("-c", MISSING, "", *package.names.values(), settings="tests.settings")

    assert (of_theirs.stdout, of_theirs.stderr) == ("[]\n", "")
    assert (of_ours.stdout, of_ours.stderr) == ("[]\n", "")
