"""`manage.py tessera adopt --check`, in the sites that were written for the packages."""

import json
import re
from pathlib import Path

import pytest

from tessera.management.adoption.counterparts import PACKAGES
from tests.moving import ROOT, Site, diff_of, written_for
from tests.processes import python

SECRETS = ("for as long as anybody", "before the day is over", "asks for one politely", "the curtain is red")
"""What the settings of the sites have in their keys."""

MOVED = [name for name in PACKAGES if (ROOT / f"docs/how-to/coming-from/{name}.md").exists()]


@pytest.fixture
def site(tmp_path: Path, request: pytest.FixtureRequest) -> Site:
    """The site that was written for the package, with tessera just installed."""
    site = written_for(request.param, tmp_path / "project")
    [settings] = site.folder.glob("*/settings.py")
    settings.write_text(f'{settings.read_text()}\nINSTALLED_APPS += ["tessera"]\n')
    return site


def applied(said: str) -> tuple[set[str], set[str]]:
    """The lines that it takes out, and those that it puts in."""
    took, put = (set(re.findall(rf"^\{sign} (.*)$", said, re.MULTILINE)) for sign in "-+")
    return took, put


@pytest.mark.parametrize("site", PACKAGES, indirect=True, ids=str)
def test_it_exits_with_0_and_leaves_every_file_as_it_was(site):
    before = {path: path.read_bytes() for path in site.folder.rglob("*.py")}

    said = site.manage("tessera", "adopt", "--check")

    assert said.count("\n- ") > 5
    assert not [secret for secret in SECRETS if secret in said]
    assert {path: path.read_bytes() for path in site.folder.rglob("*.py")} == before
    assert not (site.folder / "db.sqlite3").exists()


@pytest.mark.parametrize("site", ["authtoken"], indirect=True)
def test_it_says_line_by_line_what_to_change_what_to_run_and_what_differs(site):
    said = site.manage("tessera", "adopt", "--check", "authtoken")

    assert (
        """\
books/views.py:2
- from rest_framework.authtoken.models import Token
+ from tessera.dialects.authtoken import Token
"""
        in said
    )
    assert (
        """
library/settings.py:15
- "rest_framework.authtoken"
"""
        in said
    )
    assert (
        """
Then run:
    python manage.py migrate
    python manage.py tessera adopt authtoken --dry-run
    python manage.py tessera adopt authtoken

What differs afterwards:
    a second log-in: another token; the first goes on working
"""
        in said
    )


@pytest.mark.parametrize("site", ["knox"], indirect=True)
def test_a_log_in_after_the_recipe_of_knox_is_told_what_counts_the_guesses(site):
    said = site.manage("tessera", "adopt", "--check", "knox")

    assert (
        """
- from rest_framework.authtoken.serializers import AuthTokenSerializer
+ from tessera.dialects.authtoken import AuthTokenSerializer
"""
        in said
    )


@pytest.mark.parametrize("site", ["authtoken"], indirect=True)
def test_what_a_site_of_another_package_has_too_makes_it_none_of_knox(site):
    (site.folder / "books/login.py").write_text("from rest_framework.authtoken.serializers import AuthTokenSerializer")

    assert "Nothing to change" in site.manage("tessera", "adopt", "--check", "knox")


@pytest.mark.parametrize("site", ["authtoken"], indirect=True)
def test_in_json_each_is_an_object_on_a_line_of_its_own(site):
    said = [json.loads(line) for line in site.manage("tessera", "adopt", "--check", "--json").splitlines()]

    assert said[0] == {
        "package": "authtoken",
        "path": "books/authentication.py",
        "line": 4,
        "was": "from rest_framework.authentication import TokenAuthentication",
        "becomes": ["from tessera.dialects.authtoken import TokenAuthentication"],
        "instead": "",
    }
    assert said[-1]["now"] == "it ends after TOKEN_LIFETIME"
    assert {"package": "authtoken", "run": "python manage.py migrate"} in said


@pytest.mark.parametrize("name", MOVED)
def test_after_the_move_there_is_nothing_left_to_change(tmp_path, name):
    site = written_for(name, tmp_path / "project")
    site.patched(diff_of(name))

    said = site.manage("tessera", "adopt", "--check")

    # A key that the package's tokens of before need is told, until the move is over.
    assert re.fullmatch(r"Nothing to change in \d+ files\.\n|(\S+:\d+\n  SIMPLE_JWT.*\n)+", said)


@pytest.mark.parametrize("name", MOVED)
def test_what_it_says_to_differ_stands_in_the_table_of_the_page(name):
    page = (ROOT / f"docs/how-to/coming-from/{name}.md").read_text()
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", page).replace("`", "")

    told = [f"| {what} | {now} |" for what, now in PACKAGES[name].differs.items()]

    assert [row for row in told if row not in plain] == []


def test_what_is_installed_is_not_the_sites_own(tmp_path):
    site = written_for("authtoken", tmp_path / "project")
    site.patched(diff_of("authtoken"))
    for folder in ("venv/lib", "site-packages/other", ".hidden", "node_modules"):
        (site.folder / folder).mkdir(parents=True)
        (site.folder / folder / "old.py").write_text("import rest_framework.authtoken.models")
    (site.folder / "venv/pyvenv.cfg").touch()

    assert "Nothing to change" in site.manage("tessera", "adopt", "--check")


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    site = written_for("authtoken", tmp_path / "project")
    site.patched(diff_of("authtoken"))
    (site.folder / "books/old.py").write_bytes(b"from rest_framework.authtoken.models import Token")
    (site.folder / "books/older.py").write_bytes(b"print \xff")
    (site.folder / "books/.#gone.py").symlink_to("nowhere")

    said = site.manage("tessera", "adopt", "--check")

    assert "books/old.py:1\n- from rest" in said
    assert "books/older.py:1\n  This is no Python" in said


def test_errors_of_a_site_that_is_half_moved_do_not_keep_it_from_answering(tmp_path):
    site = written_for("authtoken", tmp_path / "project")
    site.patched(diff_of("authtoken"))
    [settings] = site.folder.glob("*/settings.py")
    settings.write_text(f'{settings.read_text()}\nTESSERA = None\nROOT_URLCONF = "nowhere"\n')

    assert "Nothing to change" in site.manage("tessera", "adopt", "--check")
    assert "tessera.E001" in python("manage.py", "tessera", "list", folder=site.folder).stderr


def test_to_adopt_without_a_package_is_an_error_of_usage(tmp_path):
    site = written_for("authtoken", tmp_path / "project")
    site.patched(diff_of("authtoken"))

    done = python("manage.py", "tessera", "adopt", folder=site.folder)

    assert (done.returncode, done.stderr.partition(": authtoken")[0]) == (2, "CommandError: Which package")
