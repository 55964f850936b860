"""`manage.py tessera keys`: the keys that sign JWTs, for whoever runs the site."""

import json
import re
import sys
from datetime import timedelta

import pytest
from django.contrib import admin
from django.core.management import CommandError, call_command

from tessera.engine.signing.keys import accepted, signing_key
from tessera.format.jwk import generate
from tessera.models import LONG_AGO, SigningKey
from tests.management.terminal import called, read, typed

QUARTER = timedelta(minutes=15)
HEADER = f"{'ID':<43} ALGORITHM STATE    CREATED (UTC)    SIGNS FROM       ENDS             FROM\n"

pytestmark = pytest.mark.django_db


def listed():
    out, err = called("tessera", "keys", "list", "--json")
    assert err == ""
    return [json.loads(line) for line in out.splitlines()]


def sign(clock):
    return signing_key(clock(), clock() + QUARTER)


def test_where_there_is_none_the_list_is_empty():
    assert called("tessera", "keys", "list") == (HEADER, "")


def test_the_first_signs_at_once_and_the_next_when_it_is_known_everywhere(clock):
    first, _ = called("tessera", "keys", "new")
    clock.turn(timedelta(days=1))
    second, _ = called("tessera", "keys", "new", "--algorithm", "ES256")

    one, other = (row.pk for row in SigningKey.objects.order_by("signs_from"))
    assert first == f"Key {one} (EdDSA) is published, and signs from 2026-11-23 12:00 UTC.\n"
    assert second == f"Key {other} (ES256) is published, and signs from 2026-11-24 13:01 UTC.\n"
    out, _ = called("tessera", "keys", "list")
    assert out == (
        HEADER
        + f"{other} ES256     next     2026-11-24 12:00 2026-11-24 13:01 -\n"
        + f"{one} EdDSA     signs    2026-11-23 12:00 2026-11-23 12:00 -\n"
    )


def test_the_list_in_json_says_all_of_it(clock):
    first = sign(clock)
    clock.turn(timedelta(seconds=1))
    called("tessera", "keys", "new", "--at-once", "--json")
    clock.turn(timedelta(seconds=1))

    second, one = listed()

    assert (second["state"], second["signs_from"]) == ("signs", "2026-11-23T12:00:01+00:00")
    assert one == {
        "id": first.id,
        "algorithm": "EdDSA",
        "state": "accepted",
        "from": "database",
        "created_at": "2026-11-23T12:00:00+00:00",
        "signs_from": "2026-11-23T12:00:00+00:00",
        "retired_at": None,
        "ends_at": "2026-11-23T13:15:00+00:00",
    }


def test_one_is_retired_in_peace(clock):
    first = sign(clock)

    out, _ = called("tessera", "keys", "retire", first.id)

    made = SigningKey.objects.exclude(pk=first.id).get()
    assert out == f"What it signed is accepted until 2026-11-23 13:15 UTC. Key {made.pk} (EdDSA) signs from now on.\n"
    assert accepted(first.id, clock()) is not None
    assert [each["state"] for each in listed()] == ["signs", "accepted"]


def test_one_that_leaked_is_retired_now(clock):
    first = sign(clock)

    out, _ = called("tessera", "keys", "retire", first.id, "--now")

    made = SigningKey.objects.exclude(pk=first.id).get()
    assert out == (
        "What it signed is accepted no more: here within a minute, and by others within 1:00:00. "
        f"Key {made.pk} (EdDSA) signs from now on.\n"
    )
    assert accepted(first.id, clock()) is None
    ended = listed()[1]
    assert (ended["state"], ended["ends_at"]) == ("ended", "2026-11-23T12:00:00+00:00")


def test_one_that_signed_nothing_is_gone_at_once(clock):
    sign(clock)
    called("tessera", "keys", "new")
    unused = listed()[0]["id"]

    out, _ = called("tessera", "keys", "retire", unused, "--json")

    assert json.loads(out) == {"id": unused, "ends_at": None, "successor": None}


def test_the_trust_in_the_key_of_another_package_ends_too(clock):
    far = clock() + timedelta(days=90)
    of_another = SigningKey.objects.create(
        id="theirs", algorithm="HS256", package="simplejwt", created_at=clock(), signs_from=clock(), ends_at=far
    )
    assert [(each["id"], each["state"], each["from"]) for each in listed()] == [("theirs", "accepted", "simplejwt")]

    called("tessera", "keys", "retire", "theirs")

    of_another.refresh_from_db()
    assert (of_another.ends_at, of_another.retired_at) == (LONG_AGO, clock())
    assert [(each["id"], each["state"]) for each in listed()] == [("theirs", "ended")]


def test_an_id_that_is_not_known_is_refused():
    with pytest.raises(CommandError, match=r"^There is no key of that id in the database\.$"):
        called("tessera", "keys", "retire", "nobody's")


def test_the_keys_of_the_settings_are_shown_and_left_alone(settings, clock):
    keys = [generate("ES256"), generate("HS256")]
    told = [json.dumps(key.material.as_dict(private=True)) for key in keys]
    settings.TESSERA = {**settings.TESSERA, "JWT_KEYS": told}

    out, _ = called("tessera", "keys", "list")

    dashes = f"{'-':<16} {'-':<16} {'-':<16} JWT_KEYS\n"
    assert out == (HEADER + f"{keys[0].id} ES256     signs    {dashes}" + f"{keys[1].id} HS256     accepted {dashes}")
    with pytest.raises(CommandError, match="those of TESSERA"):
        called("tessera", "keys", "new")


def test_without_the_package_that_makes_them_the_line_to_type_is_told(monkeypatch):
    for name in ("tessera.engine.signing.succession", "joserfc"):
        monkeypatch.setitem(sys.modules, name, None)

    with pytest.raises(CommandError, match=r'pip install "django-tessera\[jwt\]"'):
        called("tessera", "keys", "list")


@pytest.mark.parametrize(
    "words", [["keys"], ["keys", "make"], ["keys", "retire"], ["keys", "new", "--algorithm", "none"]]
)
def test_what_makes_no_sense_is_wrong_usage(capsys, words):
    code, out, err = read(capsys, "tessera", *words)

    assert (code, out) == (2, "")
    assert err.startswith("usage: manage.py tessera keys")


@pytest.mark.parametrize("name", ["list", "new", "retire"])
def test_help_fits_a_terminal(capsys, monkeypatch, name):
    monkeypatch.setenv("COLUMNS", "80")

    code, out, _ = read(capsys, "tessera", "keys", name, "--help")

    assert code == 0
    assert not [line for line in out.splitlines() if len(line) > 80]


@pytest.mark.django_db(transaction=True)
def test_it_is_typed_with_the_options_of_django_behind_it():
    code, out, err = typed("tessera", "keys", "new", "--no-color", "-v", "0")

    assert (code, err) == (0, "")
    assert re.fullmatch(r"Key [\w-]{43} \(EdDSA\) is published, and signs from .* UTC\.\n", out)


def test_no_private_key_is_shown_anywhere(clock, capsys):
    key = sign(clock)
    secret = key.material.as_dict(private=True)["d"]
    row = SigningKey.objects.get()

    call_command("dumpdata", "tessera", stdout=sys.stdout)
    call_command("tessera", "keys", "list", "--json", stdout=sys.stdout)
    call_command("tessera", "keys", "retire", key.id, stdout=sys.stdout)

    told = f"{capsys.readouterr()} {row!r} {row} {vars(row)} {key!r}"
    assert row.sealed in told
    assert secret not in told
    assert SigningKey not in admin.site._registry
