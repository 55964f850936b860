"""What the sub-commands of `manage.py tessera` have in common, and the small ones."""

import re
from datetime import timedelta

import pytest
from django.core.checks import Error
from django.core.checks.registry import registry
from django.core.management import CommandError
from django.db import OperationalError, connection

from tessera.management.subcommands import SUBCOMMANDS
from tessera.models import Grant
from tests.management.terminal import called, read, typed

AWAY = "The service is not available for the moment. Try again."


def test_prune_deletes_what_ended_long_ago_and_says_how_much(clock, hand_out):
    hand_out(lifetime=timedelta(days=1))
    kept = hand_out(lifetime="never").grant
    clock.turn(timedelta(days=32))

    first, again = called("tessera", "prune"), called("tessera", "prune", "--json")

    assert (first, again) == (("Rows deleted: 1.\n", ""), ('{"deleted": 0}\n', ""))
    assert Grant.objects.get() == kept


def test_pepper_prints_a_new_one_alone_on_stdout_without_a_database(capsys):
    (code, first, err), (_, second, _) = (read(capsys, "tessera", "pepper") for _ in range(2))

    assert (code, bool(re.fullmatch(r"[0-9a-f]{64}\n", first)), first != second) == (0, True, True)
    assert 'TESSERA["PEPPERS"]' in err
    assert first.strip() not in err


def test_regex_prints_what_finds_the_tokens_of_this_site(settings, hand_out):
    old = hand_out().secret
    settings.TESSERA = {**settings.TESSERA, "PREFIX": ("acme", "tsr")}
    new = hand_out().secret

    out, err = called("tessera", "regex")

    assert re.findall(out.strip(), f"a={old}&b={new}, not {old[:-1]} nor {old}0") == [old, new]
    assert err == ""


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["tessera", "issue", "ada"], id="issue"),
        pytest.param(["tessera", "list"], id="list"),
        pytest.param(["tessera", "revoke", "tsr_00000000"], id="revoke"),
        pytest.param(["tessera", "revoke", "--user", "ada"], id="revoke all of a user"),
        pytest.param(["tessera", "prune"], id="prune"),
        pytest.param(["drf_create_token", "ada"], id="drf_create_token"),
    ],
)
def test_where_the_database_is_away_each_says_so_in_one_sentence(user, words):
    def away(*_: object) -> None:
        raise OperationalError("connection refused")

    with connection.execute_wrapper(away), pytest.raises(CommandError) as refusal:
        called(*words)

    assert (str(refusal.value), refusal.value.returncode) == (AWAY, 1)


def test_where_the_database_is_away_a_process_ends_with_1():
    assert typed("tessera", "revoke", "tsr_00000000", database="/no/such/database") == (
        1,
        "",
        f"CommandError: {AWAY}\n",
    )


@pytest.mark.parametrize("name", SUBCOMMANDS)
def test_help_says_what_it_is_for_and_fits_a_terminal(capsys, monkeypatch, name):
    monkeypatch.setenv("COLUMNS", "80")

    code, out, err = read(capsys, "tessera", name, "--help")

    lines = out.splitlines()
    assert (code, err) == (0, "")
    assert lines[0].startswith(f"usage: manage.py tessera {name} [-h]")
    assert not [line for line in lines if len(line) > 80]


def test_help_lists_every_sub_command_with_its_first_sentence(capsys):
    _, out, _ = read(capsys, "tessera", "--help")

    listed = dict(re.findall(r"^    (\w+) +([A-Z].*)$", out, re.MULTILINE))
    assert list(listed) == list(SUBCOMMANDS)


def test_the_example_in_a_help_names_the_command_as_it_was_typed(capsys):
    _, out, _ = read(capsys, "tessera", "revoke", "--help")

    assert "\n    pbpaste | manage.py tessera revoke -\n" in out


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["--no-color", "-v", "0", "regex"], id="before the sub-command"),
        pytest.param(["regex", "--no-color", "-v", "0", "--traceback"], id="after it"),
        pytest.param(["--skip-checks", "regex", "--settings", "tests.settings"], id="on both sides"),
    ],
)
def test_the_options_of_every_command_stand_on_either_side(capsys, words):
    plain = read(capsys, "tessera", "regex")

    assert plain[0] == 0
    assert read(capsys, "tessera", *words) == plain


def test_an_option_given_before_the_sub_command_is_not_undone_by_it(capsys):
    with pytest.raises(CommandError):  # An error on its way to a traceback.
        read(capsys, "tessera", "--traceback", "revoke", "x", "--client", "y")


def test_without_a_sub_command_it_is_an_error_of_usage(capsys):
    code, out, err = read(capsys, "tessera")

    assert (code, out) == (2, "")
    assert err.startswith("usage: manage.py tessera ")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        pytest.param(["regex"], 1, id="regex is held up"),
        pytest.param(["regex", "--skip-checks"], 0, id="regex is not, if told so"),
        pytest.param(["pepper"], 0, id="pepper is not: it is what the check may be asking for"),
        pytest.param(["revoke", "--client", "x", "y"], 2, id="revoke is not: what leaked has to end"),
    ],
)
def test_where_a_setting_is_wrong(capsys, monkeypatch, words, code):
    def wrong(**_: object) -> list[Error]:
        return [Error("It is wrong.")]

    wrong.tags = {"tessera"}  # type: ignore[attr-defined]
    monkeypatch.setattr(registry, "registered_checks", {wrong})

    assert read(capsys, "tessera", *words)[0] == code
