"""`manage.py tessera issue`: the token alone on stdout, everything else on stderr."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError

from tessera import Kind, Purpose, verify
from tessera.models import Grant
from tests.credentials import DOORS
from tests.management.terminal import called, read, typed

NEVER = r"A lifetime is a positive span, or \"never\"\."


@pytest.mark.django_db(transaction=True)
def test_a_shell_can_keep_what_is_on_stdout(user):
    code, out, err = typed("tessera", "issue", "ada", "--name", "laptop", "--no-color")

    grant = Grant.objects.get()
    assert (code, verify(out.removesuffix("\n"), accept=DOORS).grant_id) == (0, grant.pk)
    assert err == (
        f'This personal token {grant.hint} "laptop" of ada ends at {grant.ends_at:%Y-%m-%d %H:%M} UTC. '
        "It cannot be shown again.\n"
    )


def test_a_token_is_issued_as_it_was_asked_for(scopes, clock, user):
    options = [
        "--name",
        "laptop",
        "--lifetime",
        "90d",
        "--kind",
        "sign-in",
        "--client",
        "cli",
        "--scope",
        "tracks:write tracks:read",
    ]

    out, _ = called("tessera", "issue", "ada", *options)

    principal = verify(out.strip(), accept={Purpose.ACCESS})
    grant = Grant.objects.get()
    assert (principal.subject, principal.client) == (user, "cli")
    assert principal.scope == frozenset({"tracks:read", "tracks:write"})
    assert (grant.label, grant.kind, grant.ends_at) == ("laptop", Kind.SIGN_IN, clock() + timedelta(days=90))


@pytest.mark.parametrize(
    ("text", "span"),
    [
        pytest.param("30m", timedelta(minutes=30), id="minutes"),
        pytest.param("12h", timedelta(hours=12), id="hours"),
        pytest.param("90d", timedelta(days=90), id="days"),
        pytest.param("2w", timedelta(weeks=2), id="weeks"),
        pytest.param("never", None, id="never"),
    ],
)
def test_a_lifetime_is_a_number_and_a_unit_or_never(clock, user, text, span):
    called("tessera", "issue", "ada", "--lifetime", text)

    assert Grant.objects.get().ends_at == (span and clock() + span)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        pytest.param(["bob"], r"There is no user bob\.", id="an unknown user"),
        pytest.param([""], r"There is no user \.", id="an empty name, as of an unset variable"),
        pytest.param(["\udcff"], "There is no user \udcff\\.", id="a name in no encoding"),
        pytest.param(["ada", "--lifetime", "90"], "'90' is no lifetime: .*", id="a lifetime without a unit"),
        pytest.param(["ada", "--lifetime", "90y"], "'90y' is no lifetime: .*", id="a lifetime in years"),
        pytest.param(["ada", "--lifetime=-1d"], "'-1d' is no lifetime: .*", id="a lifetime before now"),
        pytest.param(["ada", "--lifetime", ""], "'' is no lifetime: .*", id="an empty lifetime"),
        pytest.param(
            ["ada", "--lifetime", "\u0663d"], "'\u0663d' is no lifetime: .*", id="a lifetime in arabic digits"
        ),
        pytest.param(["ada", "--lifetime", "0d"], NEVER, id="no lifetime at all"),
        pytest.param(["ada", "--lifetime", "99999999w"], r'A lifetime that long is "never"\.', id="a giant lifetime"),
        pytest.param(["ada", "--scope", 'a"b'], r"'a\"b' is no scope\.", id="a scope with a quote"),
        pytest.param(
            ["ada", "--scope", "read"],
            r"'read' is no scope of this site: it has none\.",
            id="a scope that there is not",
        ),
        pytest.param(["ada", "--name", "x" * 101], "The label must be text of at most 100 .*", id="a long name"),
        pytest.param(["--no-user", "--kind", "personal"], r"Only a machine token .*", id="a personal token of nobody"),
    ],
)
def test_what_cannot_be_had_is_refused_in_a_sentence(user, words, sentence):
    with pytest.raises(CommandError, match=f"^{sentence}$") as refusal:
        called("tessera", "issue", *words)

    assert refusal.value.returncode == 1
    assert not Grant.objects.exists()


def test_a_word_that_the_site_does_not_have_is_told_those_that_it_has(scopes, user):
    told = r"^'read' is no scope of this site: it has tracks:read, tracks:write, tokens\.$"

    with pytest.raises(CommandError, match=told):
        called("tessera", "issue", "ada", "--scope", "read")


@pytest.mark.parametrize(
    ("options", "scope"),
    [
        pytest.param([], {"tracks:read", "tracks:write", "tokens"}, id="all, where none is told"),
        pytest.param(["--scope", "tracks:read"], {"tracks:read"}, id="one"),
        pytest.param(["--scope", ""], set(), id="none, as of an unset variable"),
    ],
)
def test_the_scope_is_all_or_what_was_told(scopes, user, options, scope):
    out, _ = called("tessera", "issue", "ada", *options)

    assert verify(out.strip(), accept=DOORS).scope == scope


def test_an_inactive_user_gets_no_token(user):
    User.objects.update(is_active=False)

    with pytest.raises(CommandError, match=r"^The user is not active\.$"):
        called("tessera", "issue", "ada")


@pytest.mark.django_db
def test_without_a_user_it_is_a_machines():
    out, err = called("tessera", "issue", "--no-user", "--name", "backup", "--lifetime", "never")

    grant = Grant.objects.get()
    assert (grant.kind, verify(out.strip(), accept=DOORS).subject) == (Kind.MACHINE, None)
    assert err == f'This machine token {grant.hint} "backup" never ends. It cannot be shown again.\n'


@pytest.mark.parametrize(
    ("words", "usage"),
    [
        pytest.param([], "one of the arguments USER --no-user is required", id="neither a user nor none"),
        pytest.param(["ada", "--no-user"], "not allowed with argument", id="a user and none"),
        pytest.param(["ada", "--kind", "letter"], "invalid choice: 'letter'", id="a kind that there is not"),
    ],
)
def test_usage_is_told_by_exit_code_2(capsys, words, usage):
    code, out, err = read(capsys, "tessera", "issue", *words)

    assert (code, out, usage in err) == (2, "", True)


def test_in_json_the_token_lies_beside_what_a_list_says_of_it(scopes, clock, user):
    options = ["--name", "läptop", "--lifetime", "1d", "--scope", "tracks:write tracks:read"]

    out, err = called("tessera", "issue", "ada", *options, "--json")

    told, grant = json.loads(out), Grant.objects.get()
    assert verify(told.pop("token"), accept=DOORS).subject == user
    assert (err, told) == (
        "",
        {
            "id": str(grant.pk),
            "hint": grant.hint,
            "user": "ada",
            "name": "läptop",
            "kind": "personal",
            "client": "",
            "scope": "tracks:read tracks:write",
            "state": "live",
            "created_at": datetime(2026, 11, 23, 12, tzinfo=UTC).isoformat(),
            "last_used_at": None,
            "ends_at": datetime(2026, 11, 24, 12, tzinfo=UTC).isoformat(),
        },
    )


@pytest.mark.parametrize(
    ("field", "name"),
    [pytest.param("email", "ada@example.com", id="a text"), pytest.param("id", "{pk}", id="a number")],
)
def test_the_user_is_named_by_whatever_field_is_the_natural_key(user, monkeypatch, field, name):
    User.objects.update(email="ada@example.com")
    monkeypatch.setattr(User, "USERNAME_FIELD", field)

    out, _ = called("tessera", "issue", name.format(pk=user.pk), "--json")

    assert Grant.objects.get().subject_id == user.pk
    assert json.loads(out)["user"] == name.format(pk=user.pk)
    assert f" of {name.format(pk=user.pk)}.\n" in called("tessera", "revoke", json.loads(out)["id"])[0]


def test_a_word_that_such_a_field_cannot_hold_is_no_user(user, monkeypatch):
    monkeypatch.setattr(User, "USERNAME_FIELD", "id")

    with pytest.raises(CommandError, match=r"^There is no user ada\.$"):
        called("tessera", "issue", "ada")


def test_the_secret_is_in_no_log(user, caplog):
    caplog.set_level(0)

    out, _ = called("tessera", "issue", "ada")

    assert out.strip()[37:] not in caplog.text
