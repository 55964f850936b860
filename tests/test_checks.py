"""What a site can get wrong, and what it is told at start. Each wrong site differs from a right one in one thing."""

import os
import re
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import rest_framework
from django.conf import settings
from django.core.checks import CheckMessage, run_checks
from django.db import OperationalError, connection
from django.middleware.csrf import CsrfViewMiddleware
from django.test import override_settings
from django.urls import include, path
from django.utils.decorators import method_decorator
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy
from django.views import View
from rest_framework.decorators import action
from rest_framework.permissions import AllowAny, IsAuthenticated, IsAuthenticatedOrReadOnly
from rest_framework.routers import SimpleRouter
from rest_framework.viewsets import ViewSet

from tessera.checks.catalog import SENTENCES
from tessera.checks.middleware import CSRF, TOKENS, USERS
from tessera.checks.rest_framework import GUARDS, LOG_IN_VIEWS, SCOPE_PERMISSIONS, SIGNING_VIEWS
from tessera.checks.settings import PROOFS
from tessera.checks.signing_keys import prove_keys_can_be_opened
from tessera.checks.surroundings import prove_no_key_is_readable
from tessera.conf import NAMES
from tessera.dialects.authtoken import ObtainAuthToken
from tessera.drf import HasScope, TokenAuthentication
from tessera.engine.signing.keys import signing_key
from tessera.plain import TokenMiddleware, token_required
from tests.former import keep, make_table
from tests.processes import python

PEPPER, OTHER_PEPPER = "5f0c7a91d2e84b36a1f97c0de45b8832", b"9d41c6b07e5f43aa8812f36d0be7a25c"
KEY_PAIR = '{"kty": "OKP", "crv": "Ed25519", "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A", ' + (
    '"x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}'  # RFC 8037 §A.1
)
PUBLIC_KEY = '{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}'
SHARED_SECRET = (
    '{"kty": "oct", "k": "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}'
)
FAR = timedelta(days=365 * 200)
REDIS = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:1"}

RIGHT: dict[str, Any] = {
    "TESSERA": {"PEPPERS": [PEPPER]},
    "REST_FRAMEWORK": {
        "DEFAULT_AUTHENTICATION_CLASSES": [
            "tessera.drf.TokenAuthentication",
            "rest_framework.authentication.SessionAuthentication",
        ],
        "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
        "NUM_PROXIES": 1,
    },
    "CACHES": {"default": REDIS, "locmem": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}},
}


class Deciding:
    """A policy."""

    def judge(self, ask, now):
        raise NotImplementedError


class Undecided:
    """No policy."""


def tell(user, issued):
    """What a site does with the token of a new user."""


def said(*, deploy=True, **changes) -> list[CheckMessage]:
    """What the checks say of the right site, changed."""
    site = RIGHT | changes
    for name in ("TESSERA", "REST_FRAMEWORK"):
        if isinstance(site[name], dict) and name in changes:
            site[name] = {**RIGHT[name], **site[name]}
    with override_settings(**site):
        return run_checks(tags=["tessera"], include_deployment_checks=deploy)


def ids(messages):
    return [message.id.removeprefix("tessera.") for message in messages]


def manage(folder: Path, *words: str, site: str) -> str:
    """What `manage.py` prints in a project whose settings are those of the tests and then `site`."""
    (folder / "its_settings.py").write_text(f"from tests.settings import *\n{site}")
    done = python("-m", "django", *words, settings="its_settings", paths=[folder, *filter(None, sys.path)])
    return done.stdout + done.stderr


@pytest.mark.parametrize(
    "tessera",
    [
        pytest.param({}, id="nothing more"),
        pytest.param({"PREFIX": "sh0p"}, id="a prefix"),
        pytest.param({"PREFIX": ["shop", "tsr"]}, id="a list of prefixes"),
        pytest.param({"REALM": 'The "Shop"'}, id="a realm in quotes"),
        pytest.param({"TOKEN_LIFETIME": timedelta(seconds=1)}, id="a short life"),
        pytest.param({"UNBOUND_KINDS": {"machine"}}, id="a set of kinds"),
        pytest.param({"LIMITS": {"sign-in": (5, "evict"), "machine": [1, "refuse"]}}, id="limits"),
        pytest.param({"SCOPES": {"tracks:read": "See your tracks", "tokens": gettext_lazy("All")}}, id="scopes"),
        pytest.param({"LAST_USED_INTERVAL": None}, id="no last use"),
        pytest.param({"REUSE_WINDOW": timedelta(0), "RETRY_LIMIT": timedelta(0)}, id="every token once"),
        pytest.param({"REUSE_WINDOW": timedelta(minutes=1)}, id="a window of a minute"),
        pytest.param({"TOKEN_LIFETIME": timedelta(minutes=5)}, id="tokens that live shorter than a refresh token"),
        pytest.param({"RECORDED": ("address", "agent")}, id="what is recorded"),
        pytest.param({"RECORDED": {"agent"}}, id="a set of what is recorded"),
        pytest.param({"RETENTION": timedelta(0)}, id="no retention"),
        pytest.param({"TOKEN_FOR_NEW_USERS": "tests.test_checks.tell"}, id="a token for new users"),
        pytest.param({"BASE_URL": "https://shop.example"}, id="an address"),
        pytest.param({"LETTER_FOR_NEW_USERS": "tests.test_checks.tell"}, id="a letter that a site's own code sends"),
        pytest.param({"BASE_URL": "https://Shop.example:8443/"}, id="an address with a port"),
        pytest.param({"BASE_URL": "http://127.0.0.1:8000"}, id="an address of this machine"),
        pytest.param({"BASE_URL": "http://[::1]:8000"}, id="an address of this machine, in IPv6"),
        pytest.param({"JWT_ALGORITHM": "RS256"}, id="another algorithm"),
        pytest.param({"JWT_KEYS": [KEY_PAIR, PUBLIC_KEY]}, id="a key pair, and the public half of one"),
        pytest.param({"JWT_KEYS": (KEY_PAIR.encode,)}, id="a key pair from a key service"),
        pytest.param({"ACCESS_FORMAT": "jwt", "JWT_CLAIMS": "tests.test_checks.tell"}, id="tokens that are signed"),
        pytest.param({"JWT_ISSUER": "https://shop.example/api", "JWT_AUDIENCE": "shop"}, id="an issuer, an audience"),
        pytest.param({"JWT_LEEWAY": timedelta(minutes=1)}, id="a leeway of a minute"),
        pytest.param({"POLICY": "tests.test_checks.Deciding"}, id="a policy that inherits nothing"),
        pytest.param({"COOKIES": True}, id="cookies"),
        pytest.param({"RATES": {"address": "5/s"}}, id="one rate"),
        pytest.param({"RATES": {"refresh": None, "refused": None, "letter": None}}, id="rates: off where none guesses"),
        pytest.param({"RATES": {"address": "5/min", "slowed": "2/minutes"}}, id="rates: other spellings"),
        pytest.param({"PEPPERS": (OTHER_PEPPER, PEPPER)}, id="two peppers, in a tuple"),
        pytest.param({"PEPPERS": [lambda: OTHER_PEPPER]}, id="a key service"),
    ],
)
def test_a_right_site_is_told_nothing(tessera):
    assert said(TESSERA=tessera) == []


@pytest.mark.parametrize(
    ("number", "tessera"),
    [
        pytest.param("E002", {"TOKEN_LIFETIMES": timedelta(days=1)}, id="a name misspelt"),
        pytest.param("E002", {1: 1}, id="a name that is no text"),
        pytest.param("E003", {"PREFIX": ""}, id="prefix: empty"),
        pytest.param("E003", {"PREFIX": "x"}, id="prefix: one letter"),
        pytest.param("E003", {"PREFIX": "elevenchars"}, id="prefix: eleven letters"),
        pytest.param("E003", {"PREFIX": "Shop"}, id="prefix: a capital"),
        pytest.param("E003", {"PREFIX": "shop_"}, id="prefix: an underscore"),
        pytest.param("E003", {"PREFIX": "shop\n"}, id="prefix: a line end"),
        pytest.param("E003", {"PREFIX": "sh٣p"}, id="prefix: an arabic digit"),
        pytest.param("E003", {"PREFIX": ()}, id="prefix: none"),
        pytest.param("E003", {"PREFIX": ("shop", "shop")}, id="prefix: twice"),
        pytest.param("E003", {"PREFIX": ("shop", 5)}, id="prefix: a number among them"),
        pytest.param("E003", {"PREFIX": {"shop", "tsr"}}, id="prefix: a set"),
        pytest.param("E003", {"PREFIX": None}, id="prefix: None"),
        pytest.param("E004", {"REALM": ""}, id="realm: empty"),
        pytest.param("E004", {"REALM": "  "}, id="realm: blank"),
        pytest.param("E004", {"REALM": "shop\r\nSet-Cookie: a=b"}, id="realm: two lines"),
        pytest.param("E004", {"REALM": "Käse"}, id="realm: no ASCII"),
        pytest.param("E004", {"REALM": b"shop"}, id="realm: bytes"),
        pytest.param("E005", {"TOKEN_LIFETIME": timedelta(0)}, id="lifetime: none"),
        pytest.param("E005", {"TOKEN_LIFETIME": timedelta(days=-1)}, id="lifetime: negative"),
        pytest.param("E005", {"TOKEN_LIFETIME": 3600}, id="lifetime: a number"),
        pytest.param("E005", {"TOKEN_LIFETIME": True}, id="lifetime: True"),
        pytest.param("E005", {"TOKEN_LIFETIME": None}, id="lifetime: None"),
        pytest.param("E005", {"TOKEN_LIFETIME": "Never"}, id="lifetime: never, with a capital"),
        pytest.param("E005", {"TOKEN_LIFETIME": FAR}, id="lifetime: two hundred years"),
        pytest.param("E006", {"UNBOUND_KINDS": "machine"}, id="kinds: a bare text"),
        pytest.param("E006", {"UNBOUND_KINDS": ("robot",)}, id="kinds: an unknown one"),
        pytest.param("E006", {"UNBOUND_KINDS": None}, id="kinds: None"),
        pytest.param("E029", {"ACCESS_LIFETIME": timedelta(0)}, id="access: none"),
        pytest.param("E029", {"REFRESH_LIFETIME": "never"}, id="refresh: never"),
        pytest.param("E029", {"SHORT_LIFETIME": 12}, id="short: a number"),
        pytest.param("E029", {"RECENT_LOGIN": timedelta(0)}, id="recent: none"),
        pytest.param("E030", {"REUSE_WINDOW": timedelta(seconds=-1)}, id="window: negative"),
        pytest.param("E030", {"RETRY_LIMIT": None}, id="retry: None"),
        pytest.param(
            "E031",
            {"ACCESS_LIFETIME": timedelta(days=2), "REFRESH_LIFETIME": timedelta(days=1)},
            id="access: longer than refresh",
        ),
        pytest.param("E031", {"ACCESS_LIFETIME": timedelta(seconds=9)}, id="access: shorter than the window"),
        pytest.param("E032", {"LIMITS": {"adopted": (5, "evict")}}, id="limits: of what nobody issues"),
        pytest.param("E032", {"LIMITS": {"letter": (5, "evict")}}, id="limits: of what is no token yet"),
        pytest.param("E032", {"LIMITS": {"sign_in": (5, "evict")}}, id="limits: a kind misspelt"),
        pytest.param("E032", {"LIMITS": {"sign-in": 5}}, id="limits: no word for what happens"),
        pytest.param("E032", {"LIMITS": {"sign-in": (5, "end")}}, id="limits: another word"),
        pytest.param("E032", {"LIMITS": {"sign-in": (0, "refuse")}}, id="limits: nobody signs in"),
        pytest.param("E032", {"LIMITS": {"sign-in": (True, "evict")}}, id="limits: True"),
        pytest.param("E032", {"LIMITS": {"sign-in": {5, "evict"}}}, id="limits: a set"),
        pytest.param("E032", {"LIMITS": (5, "evict")}, id="limits: of no kind"),
        pytest.param("E033", {"SCOPES": ["tracks:read"]}, id="scopes: told in no words"),
        pytest.param("E033", {"SCOPES": {"tracks:read": " "}}, id="scopes: told in spaces"),
        pytest.param("E033", {"SCOPES": {"tracks:read": None}}, id="scopes: told by nothing"),
        pytest.param("E033", {"SCOPES": {"read tracks": "See your tracks"}}, id="scopes: two words in one"),
        pytest.param("E033", {"SCOPES": {"": "All"}}, id="scopes: no word"),
        pytest.param("E033", {"SCOPES": {1: "All"}}, id="scopes: a number"),
        pytest.param("W009", {"REUSE_WINDOW": timedelta(seconds=61)}, id="window: over a minute"),
        pytest.param("E007", {"LAST_USED_INTERVAL": timedelta(0)}, id="interval: none"),
        pytest.param("E007", {"LAST_USED_INTERVAL": timedelta(minutes=-1)}, id="interval: negative"),
        pytest.param("E007", {"LAST_USED_INTERVAL": False}, id="interval: False"),
        pytest.param("E008", {"RETENTION": timedelta(days=-1)}, id="retention: negative"),
        pytest.param("E008", {"RETENTION": None}, id="retention: None"),
        pytest.param("E008", {"RETENTION": 0}, id="retention: a number"),
        pytest.param("E036", {"RECORDED": "agent"}, id="recorded: one without its brackets"),
        pytest.param("E036", {"RECORDED": ("agent", "location")}, id="recorded: what nobody can tell"),
        pytest.param("E036", {"RECORDED": True}, id="recorded: True"),
        pytest.param("E029", {"LETTER_LIFETIME": timedelta(0)}, id="letter: none"),
        pytest.param("E029", {"LETTER_LIFETIME": "never"}, id="letter: never"),
        pytest.param("E039", {"BASE_URL": "http://shop.example"}, id="address: in clear"),
        pytest.param("E039", {"BASE_URL": "shop.example"}, id="address: a bare host"),
        pytest.param("E039", {"BASE_URL": "https://"}, id="address: no host"),
        pytest.param("E039", {"BASE_URL": "https://shop.example/app"}, id="address: with a path"),
        pytest.param("E039", {"BASE_URL": "https://shop.example?a=b"}, id="address: with a query"),
        pytest.param("E039", {"BASE_URL": "https://shop.example#a"}, id="address: with a fragment"),
        pytest.param("E039", {"BASE_URL": "https://ada@shop.example"}, id="address: of a user"),
        pytest.param("E039", {"BASE_URL": "https://shop.example:99999"}, id="address: no port"),
        pytest.param("E039", {"BASE_URL": "https://shop.example\n"}, id="address: a line end"),
        pytest.param("E039", {"BASE_URL": ""}, id="address: empty"),
        pytest.param("E039", {"BASE_URL": True}, id="address: True"),
        pytest.param("E009", {"TOKEN_FOR_NEW_USERS": "tests.test_checks.tells"}, id="new users: a name misspelt"),
        pytest.param("E009", {"TOKEN_FOR_NEW_USERS": "tests.test_checks.PEPPER"}, id="new users: no callable"),
        pytest.param("E009", {"TOKEN_FOR_NEW_USERS": tell}, id="new users: the function itself"),
        pytest.param("E009", {"TOKEN_FOR_NEW_USERS": True}, id="new users: True"),
        pytest.param("E009", {"LETTER_FOR_NEW_USERS": "tests.nowhere.mail"}, id="letters: no such module"),
        pytest.param("W010", {"LETTER_FOR_NEW_USERS": "tessera.plain.letters.mail"}, id="letters: no page"),
        pytest.param("E043", {"JWT_ALGORITHM": "none"}, id="algorithm: none"),
        pytest.param("E043", {"JWT_ALGORITHM": "eddsa"}, id="algorithm: in another case"),
        pytest.param("E043", {"JWT_ALGORITHM": ["EdDSA"]}, id="algorithm: a list"),
        pytest.param("E029", {"JWKS_MAX_AGE": timedelta(0)}, id="published keys: kept by nobody"),
        pytest.param("E044", {"JWT_KEYS": KEY_PAIR}, id="keys: a bare text"),
        pytest.param("E044", {"JWT_KEYS": [KEY_PAIR, None]}, id="keys: None among them"),
        pytest.param("E044", {"JWT_KEYS": [KEY_PAIR, PEPPER]}, id="keys: a secret that is no JWK"),
        pytest.param("E044", {"JWT_KEYS": [PUBLIC_KEY]}, id="keys: the first cannot sign"),
        pytest.param("E044", {"JWT_KEYS": ["/run/secrets/jwt.pem"]}, id="keys: the name of a file"),
        pytest.param("W011", {"JWT_ALGORITHM": "HS256"}, id="algorithm: of a secret"),
        pytest.param("W011", {"JWT_KEYS": [SHARED_SECRET]}, id="keys: a secret signs"),
        pytest.param("E010", {"POLICY": "tests.nowhere.Policy"}, id="policy: no such module"),
        pytest.param("E010", {"POLICY": "tests.test_checks.Undecided"}, id="policy: does not judge"),
        pytest.param("E010", {"POLICY": "tests.test_checks.tell"}, id="policy: a function"),
        pytest.param("E010", {"POLICY": Deciding}, id="policy: the class itself"),
        pytest.param("E041", {"ACCESS_FORMAT": "JWT"}, id="format: in capitals"),
        pytest.param("E041", {"ACCESS_FORMAT": None}, id="format: none"),
        pytest.param("E041", {"ACCESS_FORMAT": ["jwt"]}, id="format: a list"),
        pytest.param("E042", {"JWT_ISSUER": ""}, id="issuer: empty"),
        pytest.param("E042", {"JWT_ISSUER": "https://shop.example\n"}, id="issuer: a line end"),
        pytest.param("E042", {"JWT_AUDIENCE": "the shop"}, id="audience: a space"),
        pytest.param("E042", {"JWT_AUDIENCE": ["shop"]}, id="audience: a list"),
        pytest.param("E045", {"JWT_LEEWAY": timedelta(seconds=61)}, id="leeway: more than a minute"),
        pytest.param("E045", {"JWT_LEEWAY": timedelta(seconds=-1)}, id="leeway: before its time"),
        pytest.param("E045", {"JWT_LEEWAY": 10}, id="leeway: a number"),
        pytest.param("E046", {"JWT_CLAIMS": "tests.test_checks.claims"}, id="claims: not there"),
        pytest.param("E046", {"JWT_CLAIMS": tell}, id="claims: no path"),
        pytest.param("E035", {"COOKIES": 1}, id="cookies: a number"),
        pytest.param("E035", {"COOKIES": "__Host-token"}, id="cookies: a name"),
        pytest.param("E011", {"THROTTLE_CACHE": "redis"}, id="cache: no alias"),
        pytest.param("E011", {"THROTTLE_CACHE": REDIS}, id="cache: the cache itself"),
        pytest.param("E012", {"RATES": {"addres": "5/minute"}}, id="rates: a name misspelt"),
        pytest.param("E012", {"RATES": {"address": "5 per minute"}}, id="rates: no rate"),
        pytest.param("E012", {"RATES": {"address": "5/month"}}, id="rates: a month, not to be taken for a minute"),
        pytest.param("E012", {"RATES": {"address": "5/"}}, id="rates: no period"),
        pytest.param("E012", {"RATES": {"address": "0/minute"}}, id="rates: nobody signs in"),
        pytest.param("E012", {"RATES": {"address": 5}}, id="rates: a number"),
        pytest.param("E012", {"RATES": "5/minute"}, id="rates: no dict"),
        pytest.param("E013", {"PEPPERS": PEPPER}, id="peppers: a bare text"),
        pytest.param("E013", {"PEPPERS": {PEPPER}}, id="peppers: a set"),
        pytest.param("E013", {"PEPPERS": [PEPPER, None]}, id="peppers: None among them"),
        pytest.param("E013", {"PEPPERS": [PEPPER + "\udcff"]}, id="peppers: no UTF-8"),
        pytest.param("E014", {"PEPPERS": [PEPPER[:-1]]}, id="peppers: short text"),
        pytest.param("E014", {"PEPPERS": [PEPPER, b"short"]}, id="peppers: short bytes"),
        pytest.param("E015", {"PEPPERS": [settings.SECRET_KEY]}, id="peppers: SECRET_KEY"),
        pytest.param("E016", {"PEPPERS": [PEPPER, PEPPER.encode()]}, id="peppers: the same twice"),
        pytest.param("W004", {"RATES": {"address": None}}, id="rates: off"),
    ],
)
def test_a_wrong_setting_is_told(number, tessera):
    assert ids(said(deploy=False, TESSERA=tessera)) == [number]


@pytest.mark.parametrize(
    ("number", "tessera"),
    [
        pytest.param("E017", {"PEPPERS": [lambda: os.environ["NO_SUCH_PEPPER"]]}, id="peppers: the service is away"),
        pytest.param("E017", {"PEPPERS": [lambda: None]}, id="peppers: the service has none"),
        pytest.param("E014", {"PEPPERS": [lambda: "short"]}, id="peppers: the service has a short one"),
        pytest.param("E016", {"PEPPERS": [PEPPER, lambda: PEPPER]}, id="peppers: written down, and in the service"),
        pytest.param("E018", {"PEPPERS": ()}, id="peppers: none"),
        pytest.param("E044", {"JWT_KEYS": [lambda: os.environ["NO_SUCH_KEY"]]}, id="keys: the service is away"),
        pytest.param("E044", {"JWT_KEYS": [KEY_PAIR, lambda: b"short"]}, id="keys: the service has something else"),
        pytest.param("W005", {"THROTTLE_CACHE": "locmem"}, id="cache: one for each process"),
        pytest.param("W007", {"TOKEN_LIFETIME": "never"}, id="lifetime: never"),
    ],
)
def test_what_matters_only_in_production_is_told_there_only(number, tessera):
    assert ids(said(deploy=False, TESSERA=tessera)) == []
    assert ids(said(deploy=True, TESSERA=tessera)) == [number]


def test_a_fault_of_one_pepper_is_told_once_beside_a_key_service():
    messages = said(TESSERA={"PEPPERS": [PEPPER, b"short", lambda: OTHER_PEPPER]})

    assert [message.msg for message in messages] == ['TESSERA["PEPPERS"][1] is shorter than 32 bytes.']


def test_an_old_secret_key_is_no_pepper():
    messages = said(TESSERA={"PEPPERS": [OTHER_PEPPER]}, SECRET_KEY_FALLBACKS=[OTHER_PEPPER.decode()])

    assert ids(messages) == ["E015"]


def test_of_settings_that_are_no_dict_only_that_is_told():
    assert ids(said(deploy=False, TESSERA=None)) == ["E001"]


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        pytest.param("PEPER", "PEPPERS", id="a letter short"),
        pytest.param("throttle_cache", "THROTTLE_CACHE", id="lower case"),
        pytest.param("LIFETIME", "TOKEN_LIFETIME", id="half of it"),
    ],
)
def test_an_unknown_name_is_told_the_nearest_right_one(name, nearest):
    (message,) = said(TESSERA={name: 1})

    assert (message.msg, message.hint) == (f"TESSERA has '{name}', which is no setting.", f"Did you mean {nearest}?")


def test_every_setting_is_proved():
    assert PROOFS.keys() | {"PEPPERS", "JWT_KEYS"} == NAMES


@pytest.mark.parametrize(
    ("number", "backend"),
    [
        pytest.param("E019", "tests.nowhere.Cache", id="no such class"),
        pytest.param("E021", "django.core.cache.backends.dummy.DummyCache", id="dummy"),
        pytest.param("E021", "django.core.cache.backends.db.DatabaseCache", id="database"),
        pytest.param("E021", "django.core.cache.backends.filebased.FileBasedCache", id="files"),
    ],
)
def test_a_cache_that_cannot_count_is_told(tmp_path, number, backend):
    messages = said(deploy=False, CACHES={"default": {"BACKEND": backend, "LOCATION": str(tmp_path)}})

    assert ids(messages) == [number]


def test_redis_without_its_package_is_told_the_line_to_type(monkeypatch):
    monkeypatch.setitem(sys.modules, "redis", None)

    (message,) = said(deploy=False)

    assert (message.id, message.hint) == ("tessera.E020", 'pip install "django-tessera[redis]"')


@pytest.mark.parametrize(
    ("site", "wanted"),
    [
        pytest.param({}, [], id="nothing signs"),
        pytest.param({"TESSERA": {"ACCESS_FORMAT": "jwt"}}, ['TESSERA["ACCESS_FORMAT"] = "jwt"'], id="a setting"),
        pytest.param(
            {"ROOT_URLCONF": "tessera.dialects.simplejwt.urls"}, ["tessera.dialects.simplejwt"], id="a dialect"
        ),
    ],
)
def test_what_signs_without_its_package_is_told_the_line_to_type(monkeypatch, site, wanted):
    monkeypatch.setitem(sys.modules, "joserfc", None)
    site = {"ROOT_URLCONF": "tessera.dialects.native.urls", **site}

    messages = [message for message in said(deploy=False, **site) if message.id == "tessera.E040"]

    assert [message.msg.split(" signs ")[0] for message in messages] == wanted
    assert {message.hint for message in messages} <= {'pip install "django-tessera[jwt]"'}


def test_a_schema_class_without_its_package_is_told_the_line_to_type(monkeypatch):
    monkeypatch.setitem(sys.modules, "drf_spectacular", None)

    (message,) = said(REST_FRAMEWORK={"DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema"})

    assert (message.id, message.hint) == ("tessera.E027", 'pip install "django-tessera[openapi]"')


class StricterCsrf(CsrfViewMiddleware):
    """What a site made of Django's."""


@pytest.mark.parametrize(
    ("numbers", "cookies", "middleware"),
    [
        pytest.param(["E037"], True, [], id="none"),
        pytest.param(["E037"], True, ["tests.nowhere.CsrfViewMiddleware"], id="one that does not load"),
        pytest.param(["E037"], True, "django.middleware.csrf.CsrfViewMiddleware", id="no list"),
        pytest.param([], True, ("django.middleware.csrf.CsrfViewMiddleware",), id="Django's"),
        pytest.param([], True, ["tests.test_checks.StricterCsrf"], id="a subclass"),
        pytest.param([], False, [], id="no cookies"),
    ],
)
def test_cookies_without_csrf_protection_are_told(numbers, cookies, middleware):
    assert ids(said(TESSERA={"COOKIES": cookies}, MIDDLEWARE=middleware)) == numbers


class OurMiddleware(TokenMiddleware):
    """What a site made of ours."""


@pytest.mark.parametrize(
    ("numbers", "middleware"),
    [
        pytest.param(["E038"], ["tessera.plain.TokenMiddleware", USERS], id="ours first"),
        pytest.param(["E038"], ["tests.test_checks.OurMiddleware", USERS], id="a subclass of ours first"),
        pytest.param([], [USERS, TOKENS], id="Django's first"),
        pytest.param([], [TOKENS], id="ours alone"),
        pytest.param([], [USERS], id="Django's alone"),
    ],
)
def test_a_middleware_whose_user_is_taken_away_again_is_told(numbers, middleware):
    assert ids(said(MIDDLEWARE=middleware)) == numbers


def test_tokens_and_users_in_two_databases_are_told():
    class Apart:
        def db_for_write(self, model, **hints):
            return "tokens" if model._meta.app_label == "tessera" else None

    (message,) = said(DATABASE_ROUTERS=[Apart()])

    assert (message.id, message.msg) == (
        "tessera.E022",
        "Tokens are kept in the database tokens and users in default.",
    )


@pytest.mark.parametrize(
    ("databases", "numbers"),
    [
        pytest.param(["default"], ["W008"], id="where the database may be read"),
        pytest.param([], [], id="where none may"),
        pytest.param(None, [], id="in a plain check"),
        pytest.param(["replica"], [], id="where another may"),
    ],
)
def test_keys_that_can_be_read_are_told(tables, databases, numbers):
    make_table(constrained=False)
    keep("test-key", 1)

    told = prove_no_key_is_readable(databases=databases)

    assert ids(told) == numbers
    assert [message.msg for message in told if "authtoken_token" not in message.msg or "test-key" in message.msg] == []


def test_they_are_told_where_a_database_is_named_and_not_before_our_commands(tables):
    make_table(constrained=False)
    keep("test-key", 1)

    where_named, before_ours = run_checks(databases=["default"]), run_checks(tags=["tessera"])

    told = ["tessera.W008" in [message.id for message in each] for each in (where_named, before_ours)]
    assert told == [True, False]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("databases", "numbers"),
    [
        pytest.param(["default"], ["W015"], id="where the database may be read"),
        pytest.param(None, [], id="in a plain check"),
    ],
)
def test_a_signing_key_whose_pepper_is_gone_is_told(settings, clock, databases, numbers):
    kid = signing_key(clock(), clock() + timedelta(minutes=15)).id
    assert prove_keys_can_be_opened(databases=["default"]) == []

    settings.TESSERA = {"PEPPERS": [OTHER_PEPPER]}

    told = prove_keys_can_be_opened(databases=databases)
    assert ids(told) == numbers
    assert [message for message in told if kid not in message.msg] == []


@pytest.mark.django_db
def test_without_the_table_of_signing_keys_nothing_is_told():
    def away(*_):
        raise OperationalError("no such table")

    with connection.execute_wrapper(away):
        assert prove_keys_can_be_opened(databases=["default"]) == []


@pytest.mark.parametrize("has_table", [True, False], ids=["an empty table", "no table"])
def test_without_such_a_key_nothing_is_told(tables, has_table):
    if has_table:
        make_table()

    assert "tessera.W008" not in [message.id for message in run_checks(databases=["default"])]


@pytest.mark.parametrize("version", ["3.17.1", "3.9", "2.4.8"])
def test_a_rest_framework_that_is_too_old_is_told(monkeypatch, version):
    monkeypatch.setattr(rest_framework, "VERSION", version)

    assert ids(said()) == ["E023"]


SESSION, TOKEN = "rest_framework.authentication.SessionAuthentication", "tessera.drf.TokenAuthentication"


@pytest.mark.parametrize(
    ("numbers", "classes"),
    [
        pytest.param(["E024"], TOKEN, id="a bare text"),
        pytest.param(["E024"], {TOKEN}, id="a set"),
        pytest.param(["E024"], None, id="None"),
        pytest.param(["E025"], [TOKEN + SESSION], id="a comma missing"),
        pytest.param(["E025"], [TOKEN, "tests.nowhere.Authentication"], id="no such module"),
        pytest.param(["E025"], [TOKEN, "tests.test_checks.PEPPER"], id="no class"),
        pytest.param(["E025"], [TOKEN, None], id="None among them"),
        pytest.param(["W002"], [SESSION, TOKEN], id="the session first"),
        pytest.param(["W002"], [SESSION, "tessera.dialects.authtoken.TokenAuthentication"], id="authtoken second"),
        pytest.param([], [SESSION], id="tokens on single views only"),
        pytest.param([], ["rest_framework.authentication.BasicAuthentication", TOKEN], id="a challenge first"),
        pytest.param([], (TokenAuthentication,), id="the class itself"),
    ],
)
def test_the_authentication_classes_of_all_views_are_proved(numbers, classes):
    assert ids(said(REST_FRAMEWORK={"DEFAULT_AUTHENTICATION_CLASSES": classes})) == numbers


@pytest.mark.parametrize(
    ("numbers", "classes"),
    [
        pytest.param(["W001"], ["rest_framework.permissions.AllowAny"], id="everybody"),
        pytest.param(["W001"], [AllowAny], id="everybody, as a class"),
        pytest.param(["W001"], [], id="nothing asked"),
        pytest.param(["E024"], "rest_framework.permissions.IsAuthenticated", id="a bare text"),
        pytest.param(["E025"], ["rest_framework.permissions.IsAuthenticate"], id="a name misspelt"),
        pytest.param([], ["rest_framework.permissions.IsAuthenticatedOrReadOnly"], id="to read only"),
        pytest.param([], [IsAuthenticated | AllowAny], id="composed"),
    ],
)
def test_the_permissions_of_all_views_are_proved(numbers, classes):
    assert ids(said(REST_FRAMEWORK={"DEFAULT_PERMISSION_CLASSES": classes})) == numbers


@pytest.mark.parametrize(("numbers", "classes"), [(["W001"], [TOKEN]), ([], [SESSION])])
def test_permissions_that_are_not_set_are_told_where_tokens_are_taken(numbers, classes):
    with override_settings(REST_FRAMEWORK={"DEFAULT_AUTHENTICATION_CLASSES": classes}):
        assert ids(run_checks(tags=["tessera"])) == numbers


@pytest.mark.parametrize(
    ("numbers", "proxies"),
    [
        pytest.param([], 0, id="none"),
        pytest.param(["W006"], None, id="not set"),
        pytest.param(["E026"], "1", id="text"),
        pytest.param(["E026"], -1, id="negative"),
        pytest.param(["E026"], True, id="True"),
    ],
)
def test_the_number_of_proxies_is_proved(numbers, proxies):
    assert ids(said(REST_FRAMEWORK={"NUM_PROXIES": proxies})) == numbers


class GuardedByAToken(ObtainAuthToken):
    authentication_classes = [TokenAuthentication]


class GuardedByAPermission(ObtainAuthToken):
    permission_classes = [IsAuthenticatedOrReadOnly]


class Greeting(ObtainAuthToken):
    pass


@pytest.mark.parametrize(
    ("sentences", "view"),
    [
        pytest.param(
            ["GuardedByAToken signs people in, and TokenAuthentication"], GuardedByAToken.as_view(), id="authentication"
        ),
        pytest.param(
            ["GuardedByAPermission signs people in, and IsAuthenticatedOrReadOnly"],
            GuardedByAPermission.as_view(),
            id="permission",
        ),
        pytest.param(
            ["Greeting signs people in, and IsAuthenticated"],
            Greeting.as_view(permission_classes=[IsAuthenticated]),
            id="in the route",
        ),
        pytest.param([], Greeting.as_view(), id="open"),
    ],
)
def test_a_log_in_view_that_asks_for_a_token_is_told(sentences, view):
    routes = (path("shop/", include([path("sign-in/", view)])),)

    messages = said(ROOT_URLCONF=routes)

    assert [message.msg.partition(" keeps")[0] for message in messages] == sentences


class Tracks(ViewSet):
    permission_classes = [HasScope(read="tracks:read", write="tracks:rite")]

    def list(self, request):
        raise NotImplementedError

    @action(detail=False, permission_classes=[~(HasScope("purge") & HasScope("tokens")) | IsAuthenticated])
    def purge(self, request):
        raise NotImplementedError


ROUTER = SimpleRouter()
ROUTER.register("tracks", Tracks, "track")


class OfAnotherFramework:
    """A view that has a class and knows nothing of permissions."""

    cls = object
    initkwargs: Any = {"permission_classes": {}}

    def __call__(self, request):
        raise NotImplementedError


@pytest.mark.parametrize(
    ("scopes", "words"),
    [
        pytest.param({"tracks:read": "See them", "tracks:rite": "Change them", "purge": "End them"}, [], id="all"),
        pytest.param({"tracks:read": "See them"}, ["purge", "tracks:rite"], id="one"),
        pytest.param({}, ["purge", "tokens", "tracks:read", "tracks:rite"], id="none, and so not ours either"),
    ],
)
def test_a_scope_that_a_view_asks_for_and_no_token_can_have_is_told(scopes, words):
    routes = [path("", include(ROUTER.urls)), path("other/", OfAnotherFramework())]

    messages = said(ROOT_URLCONF=tuple(routes), TESSERA={"SCOPES": scopes})

    told = 'Tracks asks for the scope {}, which is not in TESSERA["SCOPES"]: no token can have it.'
    assert ids(messages) == ["E034"] * len(words)
    assert [message.msg for message in messages] == [told.format(word) for word in words]


@token_required(scope="tracks:read tracks:rite")
def export(request):
    raise NotImplementedError


@method_decorator(token_required(scope="tracks:rite"), name="dispatch")
class Export(View):
    pass


def test_so_is_one_that_a_view_of_djangos_asks_for():
    messages = said(
        ROOT_URLCONF=(path("export/", export), path("class/", Export.as_view())),
        TESSERA={"SCOPES": {"tracks:read": "See them"}},
    )

    told = '{} asks for the scope tracks:rite, which is not in TESSERA["SCOPES"]: no token can have it.'
    assert [message.msg for message in messages] == [told.format("Export"), told.format("export")]


@pytest.mark.parametrize(
    "name", sorted(LOG_IN_VIEWS | GUARDS | SCOPE_PERMISSIONS | SIGNING_VIEWS | {CSRF, USERS, TOKENS})
)
def test_a_view_or_guard_that_is_known_by_its_name_has_that_name(name):
    found = import_string(name)

    assert f"{found.__module__}.{found.__qualname__}" == name


@pytest.mark.parametrize("routes", ["tests.nowhere", "tests.test_checks", None, 5])
def test_routes_that_do_not_load_are_left_to_django(routes):
    assert said(ROOT_URLCONF=routes) == []


class Hostile:
    """What raises, whatever is asked of it."""

    __hash__: Any = None

    def __eq__(self, other):
        raise ZeroDivisionError

    def __bool__(self):
        raise ZeroDivisionError

    def __call__(self):
        raise ZeroDivisionError

    def __iter__(self):
        raise ZeroDivisionError

    def __repr__(self):
        raise ZeroDivisionError


JUNK = [
    *(None, True, 0, -1, 1.5, float("nan"), 10**400, 1j),
    *("", " ", ".", "a.b", "os.path", "tests.test_checks", "\ud800", "\x00", "{place}", b"", b"\xff" * 40),
    *([], (), {}, set(), [None], [[]], [{}], ["", 1], [lambda: 1 / 0], [Hostile()], {None: None}, {"address": []}),
    *(object(), object, Hostile, Hostile(), lambda: 1 / 0, len, timedelta.min, timedelta.max, range(3), iter([])),
]


@pytest.mark.parametrize("name", sorted(NAMES))
def test_no_value_of_a_setting_fells_a_check(name):
    for value in JUNK:
        assert all(isinstance(message, CheckMessage) for message in said(TESSERA={name: value}))


@pytest.mark.parametrize(
    "name",
    ["DEFAULT_AUTHENTICATION_CLASSES", "DEFAULT_PERMISSION_CLASSES", "DEFAULT_SCHEMA_CLASS", "NUM_PROXIES"],
)
def test_no_value_of_rest_framework_fells_a_check(name):
    for value in JUNK:
        assert all(isinstance(message, CheckMessage) for message in said(REST_FRAMEWORK={name: value}))


@pytest.mark.parametrize("name", ["TESSERA", "REST_FRAMEWORK", "MIDDLEWARE", "SECRET_KEY", "SECRET_KEY_FALLBACKS"])
def test_no_value_in_the_place_of_all_fells_a_check(name):
    for value in JUNK:
        assert all(isinstance(message, CheckMessage) for message in said(**{name: value}))


@pytest.mark.parametrize("name", ["not a setting", *sorted(NAMES)])
def test_no_message_holds_a_letter_of_a_secret(name):
    short = PEPPER[:20]
    shapes = [
        PEPPER,
        PEPPER.encode(),
        [short, short],
        [lambda: short],
        {PEPPER: PEPPER},
        {"address": PEPPER},
        (PEPPER, 1),
    ]
    sites = [{name: value} for value in shapes] + [{PEPPER: 1}, {PEPPER}, [PEPPER], PEPPER, {PEPPER.encode(): 1}]

    told = [f"{message}{message!r}" for site in sites for message in said(TESSERA=site)]

    assert told
    assert not [each for each in told if PEPPER[:6] in each]


def test_the_reference_has_a_line_for_every_check():
    reference = Path(__file__).parents[1] / "docs/reference/checks.md"

    parts = reference.read_text().split("\n## ")[1:]

    gap = re.compile(r"\{[a-z]+\}")
    told = [
        f"| `tessera.{number}` | {gap.sub('…', sentence)} | {gap.sub('…', cure)} |"
        for number, (sentence, cure) in SENTENCES.items()
    ]
    assert [[line for line in part.splitlines() if line.startswith("| `tessera.")] for part in parts] == [
        [line for line in told if line.startswith("| `tessera.E")],
        [line for line in told if line.startswith("| `tessera.W")],
    ]


COMPLETE = f"""
TESSERA = {{"PREFIX": "shop", "REALM": "shop", "PEPPERS": ["{PEPPER}"]}}
REST_FRAMEWORK = {RIGHT["REST_FRAMEWORK"]}
CACHES = {RIGHT["CACHES"]}
INSTALLED_APPS.remove("drf_spectacular")
MIDDLEWARE.insert(0, "django.middleware.security.SecurityMiddleware")
MIDDLEWARE.append("django.middleware.clickjacking.XFrameOptionsMiddleware")
ALLOWED_HOSTS = ["shop.example"]
CSRF_COOKIE_SECURE = SESSION_COOKIE_SECURE = SECURE_SSL_REDIRECT = True
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = True
SECURE_HSTS_SECONDS = 31536000
"""


def test_a_site_ready_for_production_hears_of_no_issue(tmp_path):
    printed = manage(tmp_path, "check", "--deploy", "--fail-level", "DEBUG", site=COMPLETE)

    assert printed == "System check identified no issues (0 silenced).\n"


@pytest.mark.parametrize("words", [["check"], ["migrate", "--plan"]])
def test_settings_that_are_no_dict_are_told_by_every_command(tmp_path, words):
    printed = manage(tmp_path, *words, site=f"{COMPLETE}\nTESSERA = None")

    assert '(tessera.E001) TESSERA is not a dict.\n\tHINT: Write TESSERA = {"PREFIX": "shop"}' in printed
    assert "Traceback" not in printed


def test_classes_that_do_not_load_are_told_before_any_view_is_loaded(tmp_path):
    glued = f"{COMPLETE}\nREST_FRAMEWORK = {{'DEFAULT_AUTHENTICATION_CLASSES': ['{TOKEN}' '{SESSION}']}}"

    printed = manage(tmp_path, "check", "--tag", "tessera", site=glued)

    assert f'(tessera.E025) REST_FRAMEWORK["DEFAULT_AUTHENTICATION_CLASSES"] names {TOKEN}{SESSION}, which' in printed
    assert "Traceback" not in printed


@pytest.mark.parametrize(("place", "winner"), [(0, "rest_framework.authtoken"), (99, "tessera")])
def test_the_peer_beside_us_is_told_with_the_app_that_has_the_command(tmp_path, place, winner):
    both = f"{COMPLETE}\nINSTALLED_APPS.insert({place}, 'rest_framework.authtoken')"

    printed = manage(tmp_path, "check", site=both)

    assert "(tessera.W003) rest_framework.authtoken is installed too: user.auth_token is its token, so" in printed
    assert f"drf_create_token is the command of {winner}.\n" in printed
