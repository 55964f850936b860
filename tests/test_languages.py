"""What a client reads is in its language, at every door; what its code compares is in none."""

from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import AsyncClient, Client
from django.urls import path
from django.utils.translation import deactivate, gettext_lazy, override

from tessera import Kind, Policy
from tessera.errors import NotAllowed
from tessera.plain.letters import LetterPage
from tests.credentials import bearing
from tests.plain.views import urlpatterns as urls_of_the_doors

urlpatterns = [*urls_of_the_doors, path("claim/", LetterPage.as_view(), name="claim")]
pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

INVALID = {"de": "Ungültiges Token", "es": "Token ", "en": "Invalid token.", None: "Invalid token."}
SIGN_IN_NEEDED = {
    "de": "Dafür ist das Zugriffstoken einer Anmeldung nötig. Melden Sie sich an, und verwenden Sie dieses.",
    "es": "Esto requiere el token de acceso de un inicio de sesión. Inicie sesión y use ese token.",
    "en": "This takes the access token of a sign-in. Log in, and use that.",
}
UNKNOWN_SCOPE = {
    "de": "'fly' ist keine Berechtigung dieser Website: Sie hat tracks:read, tracks:write, tokens.",
    "es": "'fly' no es un permiso de este sitio, que tiene tracks:read, tracks:write, tokens.",
    "en": "'fly' is no scope of this site: it has tracks:read, tracks:write, tokens.",
}
TOO_LONG = {
    "de": "Ein Token ist höchstens 31536000 Sekunden gültig.",
    "es": "Un token dura como máximo 31536000 segundos.",
    "en": "A token lives for at most 31536000 seconds.",
}
DEAD = {
    "de": "Dieser Link ist nicht gültig",
    "es": "Este enlace no es válido",
    "en": "This link opens nothing",
}
TOO_MANY = {"de": "Zu viele Versuche.", "es": "Demasiados intentos.", "en": "Too many attempts."}

each_language = pytest.mark.parametrize("language", ["de", "es", "en"])


@pytest.fixture(autouse=True)
def _translated(settings):
    sessions, *others = settings.MIDDLEWARE
    settings.MIDDLEWARE = [sessions, "django.middleware.locale.LocaleMiddleware", *others]
    yield
    deactivate()  # It leaves to the next request what the last one was answered in, and the next test has none.


def spoken(language):
    return {"Accept-Language": language} if language else {}


@pytest.mark.parametrize("language", INVALID)
@pytest.mark.parametrize("door", ["/whoami/", "/function/", "/coroutine/", "/auth/verify/", "/api-token-auth/revoke/"])
def test_every_door_refuses_a_token_in_the_clients_language(door, language):
    answer = Client().post(door, headers={**spoken(language), **bearing("nonsense")})

    assert answer.status_code == 401
    assert answer.json()["detail"].startswith(INVALID[language])
    assert 'error="invalid_token"' in answer["WWW-Authenticate"] or door.startswith("/api-token-auth/")
    assert "Accept-Language" in answer["Vary"]


@each_language
def test_under_asgi_it_is_the_same(run, language):
    async def answers():
        return await AsyncClient().get("/coroutine/", headers={**spoken(language), **bearing("nonsense")})

    answer = run(answers())

    assert answer.json()["detail"].startswith(INVALID[language])


@each_language
def test_the_code_beside_the_detail_is_in_no_language(hand_out, language):
    answer = Client().get("/auth/tokens/", headers={**spoken(language), **bearing(hand_out().secret)})

    assert (answer.status_code, answer.json()) == (403, {"detail": SIGN_IN_NEEDED[language], "code": "login_required"})
    assert answer["Content-Language"] == language


@pytest.mark.usefixtures("scopes", "user")
@each_language
def test_what_a_text_names_stays_as_it_is(language):
    sent = {"username": "ada", "password": "lovelace-1843", "scope": "fly"}

    answer = Client().post("/auth/login/", sent, headers=spoken(language))

    assert (answer.status_code, answer.json()) == (400, {"detail": UNKNOWN_SCOPE[language], "code": "invalid_scope"})


@each_language
def test_what_is_wrong_with_a_field_is_translated_too(hand_out, language):
    sign_in = hand_out(kind=Kind.SIGN_IN, may_refresh=True)
    headers = {**spoken(language), **bearing(sign_in.secret)}

    answer = Client().post("/auth/personal/", {"label": "script", "lifetime": "99999999"}, headers=headers)

    assert (answer.status_code, answer.json()) == (400, {"lifetime": [TOO_LONG[language]]})


@each_language
def test_the_page_of_a_letter_is_in_the_readers_language(language):
    answer = Client().post("/claim/", {"letter": "nonsense"}, headers=spoken(language))

    page = answer.content.decode()
    assert answer.status_code == 401
    assert f'<html lang="{language}"' in page
    assert f"<h1>{DEAD[language]}</h1>" in page


@each_language
def test_so_is_what_that_page_says_of_an_error(settings, language):
    settings.TESSERA = {**settings.TESSERA, "RATES": {"letter": "1/day"}}

    answers = [Client().post("/claim/", {"letter": "nonsense"}, headers=spoken(language)) for _ in range(2)]

    assert answers[1].status_code == 429
    assert f"<p>{TOO_MANY[language]}</p>" in answers[1].content.decode()


class Strict(Policy):
    """The policy of a site, whose words its own catalogs have: here, Django's."""

    said: Any

    def judge(self, ask, now):
        raise NotAllowed(self.said)


class Lazy(Strict):
    said = gettext_lazy("Enter a valid email address.")


class Plain(Strict):
    said = "Enter a valid email address."


@pytest.mark.usefixtures("user")
@pytest.mark.parametrize("policy", ["Lazy", "Plain"])
def test_a_sites_own_error_is_looked_up_in_its_own_catalogs(settings, policy):
    settings.TESSERA = {**settings.TESSERA, "POLICY": f"{__name__}.{policy}"}
    sent = {"username": "ada", "password": "lovelace-1843"}

    answer = Client().post("/auth/login/", sent, headers=spoken("de"))

    told = answer.json()
    assert (answer.status_code, told["code"]) == (403, "access_denied")
    assert "Adresse" in told["detail"]


@pytest.mark.usefixtures("user")
def test_a_terminal_is_spoken_to_in_english():
    with override("de"), pytest.raises(CommandError, match=r"^'fly' is no scope of this site: it has none\.$"):
        call_command("tessera", "issue", "ada", "--scope", "fly")
