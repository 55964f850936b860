"""What a site hears of `REST_KNOX` and `SIMPLE_JWT`, which it has written for another package."""

import re
from collections import defaultdict
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.core.checks import CheckMessage
from knox import settings as of_knox
from rest_framework_simplejwt import settings as of_simplejwt

from tessera import peers
from tessera.checks.honoured import HONOURED, KNOX, REMOVED, SIMPLEJWT
from tests.moving import ROOT
from tests.test_checks import COMPLETE, JUNK, PEPPER, manage, said

HOUR = timedelta(hours=1)
AS_THERE = "Write it as for the package that you come from, or leave it out."
SOURCES = [
    path
    for path in (ROOT / "src/tessera").rglob("*.py")
    if path.name != "peers.py" and {"checks", "management"}.isdisjoint(path.relative_to(ROOT).parts)
]
EVERY_KEY = [(setting, name) for setting, keys in HONOURED.items() for name in keys]


def heard(written: Mapping[str, Any]) -> list[CheckMessage]:
    """What a right site hears that has written this, too. The real packages, which check less, are not told."""
    with pytest.MonkeyPatch.context() as patch:
        for setting, value in written.items():
            patch.setattr(settings, setting, value, raising=False)
        return said()


@pytest.mark.parametrize(
    ("keys", "real", "ours"),
    [
        pytest.param(KNOX, of_knox.DEFAULTS.keys(), peers.Knox.__slots__, id="knox"),
        pytest.param(SIMPLEJWT, of_simplejwt.DEFAULTS.keys(), peers.SimpleJwt.__slots__, id="simplejwt"),
    ],
)
def test_no_key_of_the_real_package_is_missing(keys, real, ours):
    assert real <= keys.keys()
    assert keys.keys() == set(ours)


def test_no_key_that_the_real_package_has_removed_is_missing():
    assert {name for _, name in REMOVED} == set(of_simplejwt.REMOVED_SETTINGS)
    assert SIMPLEJWT.keys() >= set(REMOVED.values())


@pytest.mark.parametrize(("setting", "name"), EVERY_KEY)
def test_what_is_not_honoured_has_a_reason_and_what_to_do(setting, name):
    key = HONOURED[setting][name]

    always = key.works == type(key)("", bool).works
    assert (bool(key.reason), bool(key.instead)) == (not always, not always)


@pytest.mark.parametrize(("setting", "name"), EVERY_KEY)
def test_a_key_that_is_honoured_is_read(setting, name):
    """That the wire changes with it, the tests of the dialect prove."""
    asked = re.compile(rf"\b{name}\b")

    read = [path for path in SOURCES if asked.search(path.read_text())]

    assert read or HONOURED[setting][name].reason


@pytest.mark.parametrize(("setting", "page"), [("REST_KNOX", "knox"), ("SIMPLE_JWT", "simplejwt")])
def test_the_page_of_the_package_has_a_line_for_every_key_that_is_not_honoured(setting, page):
    text = (ROOT / f"docs/how-to/coming-from/{page}.md").read_text()
    by_reason: dict[tuple[str, str], list[str]] = defaultdict(list)
    for name, key in HONOURED[setting].items():
        by_reason[key.reason, key.instead].append(f"`{name}`")

    told = [f"| {', '.join(names)} | {why} | {instead} |" for (why, instead), names in by_reason.items() if why]

    assert text.partition("| Key |")[2].splitlines()[2:] == told


@pytest.mark.parametrize(
    "written",
    [
        pytest.param({}, id="none"),
        pytest.param({"REST_KNOX": {}, "SIMPLE_JWT": {}}, id="empty ones"),
        pytest.param(
            {
                "REST_KNOX": {
                    "SECURE_HASH_ALGORITHM": "hashlib.sha512",
                    "TOKEN_TTL": None,
                    "USER_SERIALIZER": "rest_framework.serializers.Serializer",
                    "TOKEN_LIMIT_PER_USER": 3,
                    "AUTO_REFRESH": True,
                    "AUTO_REFRESH_MAX_TTL": HOUR,
                    "AUTH_HEADER_PREFIX": "Bearer",
                    "EXPIRY_DATETIME_FORMAT": "%Y",
                    "TOKEN_MODEL": "knox.AuthToken",
                    "TOKEN_PREFIX": "",
                }
            },
            id="knox's",
        ),
        pytest.param(
            {
                "SIMPLE_JWT": {
                    "ACCESS_TOKEN_LIFETIME": HOUR,
                    "ROTATE_REFRESH_TOKENS": True,
                    "BLACKLIST_AFTER_ROTATION": True,
                    "UPDATE_LAST_LOGIN": True,
                    "VERIFYING_KEY": "",
                    "AUDIENCE": ["shop"],
                    "ISSUER": "shop",
                    "LEEWAY": timedelta(seconds=60),
                    "AUTH_HEADER_TYPES": ("Bearer", "JWT"),
                    "AUTH_TOKEN_CLASSES": ["tests.test_checks.Deciding"],
                    "USER_AUTHENTICATION_RULE": lambda user: True,
                    "CHECK_REVOKE_TOKEN": True,
                }
            },
            id="simplejwt's",
        ),
    ],
)
def test_settings_that_are_honoured_are_told_nothing(written):
    assert heard(written) == []


@pytest.mark.parametrize(
    ("sentence", "setting", "written"),
    [
        pytest.param(f"E047 REST_KNOX is not a dict. {AS_THERE}", "REST_KNOX", None, id="no dict"),
        pytest.param(f"E047 SIMPLE_JWT is not a dict. {AS_THERE}", "SIMPLE_JWT", [("LEEWAY", 1)], id="a list"),
        pytest.param(
            "W012 REST_KNOX has 'TOKEN_TLL', which is no key of its package. Did you mean TOKEN_TTL?",
            "REST_KNOX",
            {"TOKEN_TLL": HOUR},
            id="misspelt",
        ),
        pytest.param(
            "W012 REST_KNOX has 'SECRET_KEY', which is no key of its package. Did you mean USER_SERIALIZER?",
            "REST_KNOX",
            {"SECRET_KEY": "x"},
            id="of the other package",
        ),
        pytest.param(
            "W012 SIMPLE_JWT has a name, which is no key of its package. Did you mean VERIFYING_KEY?",
            "SIMPLE_JWT",
            {1: 1},
            id="no text",
        ),
        pytest.param(
            "E048 SIMPLE_JWT has AUTH_HEADER_TYPE, which its package has removed. Write AUTH_HEADER_TYPES instead.",
            "SIMPLE_JWT",
            {"AUTH_HEADER_TYPE": "JWT"},
            id="removed",
        ),
    ],
)
def test_a_name_that_means_nothing_is_told(sentence, setting, written):
    [message] = heard({setting: written})

    assert f"{message.id} {message.msg} {message.hint}" == f"tessera.{sentence}"


@pytest.mark.parametrize(
    ("setting", "name", "value"),
    [
        pytest.param("REST_KNOX", "TOKEN_TTL", 3600, id="seconds for a timedelta"),
        pytest.param("REST_KNOX", "TOKEN_TTL", timedelta(0), id="no time at all"),
        pytest.param("REST_KNOX", "SECURE_HASH_ALGORITHM", 512, id="a hash that is none"),
        pytest.param("REST_KNOX", "USER_SERIALIZER", "shop.serializers.Nobody", id="no such serializer"),
        pytest.param("REST_KNOX", "TOKEN_LIMIT_PER_USER", True, id="True for a number"),
        pytest.param("REST_KNOX", "TOKEN_LIMIT_PER_USER", -1, id="fewer than nobody may log in"),
        pytest.param("REST_KNOX", "AUTO_REFRESH", "yes", id="a word for True"),
        pytest.param("REST_KNOX", "AUTH_HEADER_PREFIX", "Bearer ", id="a space after the prefix"),
        pytest.param("REST_KNOX", "AUTH_HEADER_PREFIX", ("Bearer",), id="two prefixes"),
        pytest.param("REST_KNOX", "MIN_REFRESH_INTERVAL", -1, id="an interval that is negative"),
        pytest.param("SIMPLE_JWT", "ACCESS_TOKEN_LIFETIME", None, id="an access token that never ends"),
        pytest.param("SIMPLE_JWT", "LEEWAY", "10", id="text for a number"),
        pytest.param("SIMPLE_JWT", "AUTH_HEADER_TYPES", (), id="no word for the header"),
        pytest.param("SIMPLE_JWT", "AUTH_HEADER_TYPES", {"Bearer"}, id="a set, which has no first"),
        pytest.param("SIMPLE_JWT", "AUTH_TOKEN_CLASSES", "shop.tokens.AccessToken", id="one class without brackets"),
        pytest.param("SIMPLE_JWT", "TOKEN_OBTAIN_SERIALIZER", "shop.Nobody", id="another serializer that is not there"),
        pytest.param("SIMPLE_JWT", "SIGNING_KEY", None, id="a variable that is not set"),
    ],
)
def test_a_value_of_the_wrong_type_is_told(setting, name, value):
    [message] = heard({setting: {name: value}})

    wanted = HONOURED[setting][name].wanted
    assert (message.id, message.msg) == ("tessera.E049", f'{setting}["{name}"] must be {wanted}.')


@pytest.mark.parametrize(
    ("setting", "name", "value"),
    [
        pytest.param("REST_KNOX", "TOKEN_PREFIX", "note", id="a prefix"),
        pytest.param("REST_KNOX", "TOKEN_MODEL", "shop.Token", id="a model"),
        pytest.param("REST_KNOX", "SECURE_HASH_ALGORITHM", "lost.hashes.SHA512", id="a hash whose library has gone"),
        pytest.param("REST_KNOX", "AUTH_TOKEN_CHARACTER_LENGTH", 128, id="a length"),
        pytest.param("SIMPLE_JWT", "BLACKLIST_AFTER_ROTATION", False, id="spent tokens that live"),
        pytest.param("SIMPLE_JWT", "SIGNING_KEY", PEPPER, id="a key"),
        pytest.param("SIMPLE_JWT", "LEEWAY", 61, id="more than a minute"),
        pytest.param("SIMPLE_JWT", "LEEWAY", float("inf"), id="for ever"),
        pytest.param("SIMPLE_JWT", "JWK_URL", "https://other.example/jwks", id="tokens of others"),
        pytest.param("SIMPLE_JWT", "CHECK_REVOKE_TOKEN", False, id="passwords that do not matter"),
        pytest.param("SIMPLE_JWT", "CHECK_USER_IS_ACTIVE", False, id="users who are gone"),
        pytest.param("SIMPLE_JWT", "TOKEN_USER_CLASS", "tests.test_checks.Deciding", id="users who are none"),
    ],
)
def test_a_key_that_is_not_honoured_is_told_with_the_reason_and_what_to_do(setting, name, value):
    [message] = heard({setting: {name: value}})

    key = HONOURED[setting][name]
    told = f"{setting} cannot be honoured in {name}: {key.reason}."
    assert (message.id, message.msg, message.hint) == ("tessera.W013", told, key.instead)


def test_keys_that_have_one_reason_are_told_at_once():
    [message] = heard({"SIMPLE_JWT": {"ALGORITHM": "RS256", "SIGNING_KEY": PEPPER, "VERIFYING_KEY": PEPPER}})

    assert message.msg.startswith("SIMPLE_JWT cannot be honoured in ALGORITHM, SIGNING_KEY, VERIFYING_KEY: ")


@pytest.mark.parametrize(("setting", "name"), EVERY_KEY)
def test_no_value_of_a_key_fells_a_check(setting, name):
    for value in JUNK:
        assert all(isinstance(message, CheckMessage) for message in heard({setting: {name: value}}))


@pytest.mark.parametrize(("setting", "name"), [*EVERY_KEY, ("SIMPLE_JWT", PEPPER), ("REST_KNOX", PEPPER)])
def test_no_message_shows_what_a_key_holds(setting, name):
    told = [f"{each}{each!r}" for value in (PEPPER, [PEPPER], {PEPPER: 1}) for each in heard({setting: {name: value}})]

    assert not [each for each in told if PEPPER[:6] in each]


@pytest.mark.parametrize(
    ("app", "sentence"),
    [
        ("knox", "knox is installed too: user.auth_token_set reaches its tokens only, and"),
        ("rest_framework_simplejwt.token_blacklist", "token_blacklist is installed too: BlacklistedToken reaches its"),
    ],
)
def test_the_peer_beside_us_is_told(tmp_path, app, sentence):
    printed = manage(tmp_path, "check", site=f"{COMPLETE}\nINSTALLED_APPS.append('{app}')")

    assert "(tessera.W014)" in printed
    assert sentence in printed
