"""What happens to a site, from its first migration to the end of its first user: run in a process of its own."""

from datetime import datetime
from io import StringIO
from typing import Any

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth import get_user_model  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.test import Client, override_settings  # noqa: E402
from django.utils.timezone import make_naive  # noqa: E402

from tessera import Ask, Issued, Kind, Purpose, issue, redeem, revoke, verify  # noqa: E402
from tessera.dialects.authtoken import Token  # noqa: E402
from tessera.errors import InvalidCredential, Reused  # noqa: E402
from tessera.models import Grant  # noqa: E402
from tests.former import SINCE, keep, kept, make_table  # noqa: E402
from tests.sites.models import Proxied, Supplier  # noqa: E402

User: Any = get_user_model()
NAME, PASSWORD = "ada@example.org", "lovelace-1843"

# A key may be given in words that the database spells otherwise.
KEYS = {"UuidKey": {"id": "0198F3AA-0000-7000-8000-00000000ADA0"}, "CharKey": {"id": "Ada's, key/é"}}


def main() -> None:
    call_command("migrate", verbosity=0)
    call_command("check", fail_level="ERROR")
    call_command("makemigrations", check_changes=True, dry_run=True, verbosity=0)
    user = User.objects.create_user(NAME, password=PASSWORD, **KEYS.get(User.__name__, {}))
    eve = issue(Ask(subject=User.objects.create_user("eve@example.org", password=PASSWORD)))

    a_token_is_handed_out_used_replaced_and_ended(user)
    a_sign_in_is_refreshed_and_ends_when_a_traded_token_comes_back(user)
    a_changed_password_ends_it(user)
    if User.__name__ == "OtherKey":
        a_child_or_a_proxy_of_the_user_model_is_a_user(user)
    all_of_a_user_end_and_nobody_elses(user, eve.secret)
    local = SINCE if settings.USE_TZ else make_naive(SINCE)
    a_key_of_another_package_is_adopted_and_goes_with_its_user(eve.grant.subject, local)
    a_deleted_user_takes_them_along(user)


def a_key_of_another_package_is_adopted_and_goes_with_its_user(user: Any, moment: datetime) -> None:
    make_table()
    keep("test-key", user.pk, moment)
    out = StringIO()

    call_command("tessera", "adopt", "authtoken", stdout=out)

    grant = Grant.objects.get(kind=Kind.ADOPTED)
    assert "adopted: 1," in out.getvalue()
    assert (who("test-key")["key"], grant.subject, grant.created_at) == (key(user), user, SINCE)
    user.delete()
    assert (who("test-key"), kept()) == (401, [])


def a_token_is_handed_out_used_replaced_and_ended(user: Any) -> None:
    first, second = log_in("username"), log_in(User.USERNAME_FIELD)
    assert first != second
    assert who(first) == {"name": NAME, "key": key(user), "of": key(user)}

    fresh = client_of(first).post("/api-token-auth/new/").json()["token"]
    assert (who(first), who(fresh)["name"]) == (401, NAME)

    assert client_of(fresh).post("/api-token-auth/revoke/").status_code == 204
    assert (who(fresh), who(second)["name"]) == (401, NAME)


def a_sign_in_is_refreshed_and_ends_when_a_traded_token_comes_back(user: Any) -> None:
    first = issue(Ask(subject=user, kind=Kind.SIGN_IN, may_refresh=True))
    second = refreshed(first)
    assert refreshed(first).secret == second.secret  # Two tabs.
    assert (who(first.secret)["name"], who(second.secret)["name"]) == (NAME, NAME)
    third = refreshed(second)

    try:
        refreshed(first)
    except Reused:
        assert who(third.secret) == 401
    else:
        raise AssertionError("a token was traded twice")


def refreshed(issued: Issued) -> Issued:
    return redeem(issued.refresh_secret or "", accept={Purpose.REFRESH})


def a_changed_password_ends_it(user: Any) -> None:
    token = Token.objects.create(user=user)
    assert who(token.key)["name"] == NAME

    user.set_password(PASSWORD)
    user.save()

    assert who(token.key) == 401


def a_child_or_a_proxy_of_the_user_model_is_a_user(ada: Any) -> None:
    proxied = Proxied.objects.get(pk=ada.pk)
    # Its own key is 1, as ada's is: whoever took the one for the other would end her tokens.
    supplier = Supplier.objects.create_user("supplier@example.org", password=PASSWORD)
    assert (supplier.pk, ada.pk, supplier.number != ada.pk) == (1, 1, True)
    hers, theirs = issue(Ask(subject=proxied)), issue(Ask(subject=supplier))
    assert who(hers.secret)["name"] == NAME
    assert who(theirs.secret)["key"] == str(supplier.number)

    with override_settings(PASSWORD_HASHERS=["tests.recording.CountingHasher", *settings.PASSWORD_HASHERS]):
        assert supplier.check_password(PASSWORD)
    assert supplier.password.startswith("counting$")
    assert who(theirs.secret)["key"] == str(supplier.number)

    assert revoke(subject=supplier) == 1
    assert (who(theirs.secret), who(hers.secret)["name"]) == (401, NAME)

    Token.objects.create(user=ada)
    assert not hasattr(supplier, "auth_token")
    made, is_new = Token.objects.get_or_create(user=supplier)
    assert (is_new, supplier.auth_token, Token.objects.get(user=supplier)) == (True, made, made)
    made.delete()
    assert (hasattr(supplier, "auth_token"), hasattr(ada, "auth_token")) == (False, True)


def all_of_a_user_end_and_nobody_elses(user: Any, eves: str) -> None:
    token = Token.objects.create(user=user)
    assert user.auth_token == token

    assert revoke(subject=user) >= 1

    assert (who(token.key), who(eves)["name"], hasattr(user, "auth_token")) == (401, "eve@example.org", False)


def a_deleted_user_takes_them_along(user: Any) -> None:
    token = Token.objects.create(user=user)

    User.objects.get(pk=user.pk).delete()

    try:
        verify(token.key, accept=set(Purpose))
    except InvalidCredential:
        assert not Grant.objects.filter(pk=token.pk).exists()
    else:
        raise AssertionError("a deleted user is still somebody")


def log_in(field: str) -> str:
    answer = Client().post("/api-token-auth/", {field: NAME, "password": PASSWORD})
    assert answer.status_code == 200, answer.content
    token: str = answer.json()["token"]
    return token


def who(token: str) -> Any:
    answer = client_of(token).get("/whoami/")
    return answer.json() if answer.status_code == 200 else answer.status_code


def client_of(token: str) -> Client:
    return Client(headers={"Authorization": f"Token {token}"})


def key(user: Any) -> str:
    return str(User.objects.get(pk=user.pk).pk)


main()
