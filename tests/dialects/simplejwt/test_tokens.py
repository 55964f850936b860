"""The call sites of simplejwt: what a site's own code does with its tokens and its rows."""

import copy
import pickle
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import FieldError
from django.db import transaction

from tessera import Kind, revoke, verify
from tessera.dialects.simplejwt import AccessToken, JWTAuthentication, RefreshToken, SlidingToken
from tessera.dialects.simplejwt.exceptions import ExpiredTokenError, InvalidToken, TokenError
from tessera.dialects.simplejwt.models import BlacklistedToken, OutstandingToken
from tessera.dialects.simplejwt.serializers import TokenObtainPairSerializer
from tessera.dialects.simplejwt.settings import api_settings
from tessera.dialects.simplejwt.token_blacklist import models as where_the_peer_has_them
from tessera.dialects.simplejwt.tokens import Token, UntypedToken
from tessera.dialects.simplejwt.views import TokenObtainPairView
from tessera.errors import NotAllowed
from tessera.models import Grant
from tests.credentials import DOORS
from tests.dialects.simplejwt.test_contract import ADA, AT, MINUTE, ROTATING, whoami
from tests.forging import payload

HOUR, DAY = timedelta(hours=1), timedelta(days=1)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def refresh(user, clock):
    return RefreshToken.for_user(user)


def test_a_draft_is_issued_when_it_is_first_told(refresh, user):
    refresh["name"] = "Ada"
    assert not Grant.objects.exists()

    text, access = str(refresh), str(refresh.access_token)

    assert Grant.objects.get().subject == user
    assert (payload(text)["name"], payload(access)["name"]) == ("Ada", "Ada")
    assert verify(access, accept=DOORS).subject == user


def test_it_is_a_dict_of_claims(refresh, user):
    refresh["name"], refresh["more"] = "Ada", 1
    del refresh["more"]

    assert (refresh["name"], refresh.get("name"), refresh.get("nothing"), refresh.get("nothing", 5)) == (
        "Ada",
        "Ada",
        None,
        5,
    )
    assert ("name" in refresh, "more" in refresh) == (True, False)
    assert refresh.payload == {
        "token_type": "refresh",
        "exp": AT + 86400,
        "iat": AT,
        "user_id": str(user.pk),
        "name": "Ada",
    }
    with pytest.raises(KeyError):
        refresh["more"]


def test_who_asks_for_its_id_has_it_issued(refresh):
    told = refresh["jti"]

    assert told == f"{Grant.objects.get().pk.hex}.0"
    assert payload(str(refresh))["jti"] == told
    assert OutstandingToken.objects.get(jti=told).jti == told


def test_within_a_transaction_it_is_made_and_undone_with_it(user):
    with transaction.atomic():
        access = str(RefreshToken.for_user(user).access_token)
        transaction.set_rollback(True)

    with pytest.raises(TokenError):
        AccessToken(access)


@pytest.mark.parametrize("value", [5, 1.5, True, ["a"], {"a": 1}, "", b"", "\ud800", "a\x00b"])
@pytest.mark.parametrize("kind", [AccessToken, RefreshToken, SlidingToken, UntypedToken])
def test_whatever_a_body_had_is_no_token_and_no_crash(db, kind, value):
    with pytest.raises(TokenError, match="Token is invalid"):
        kind(value)
    with pytest.raises(TokenError, match="Token is invalid"):
        kind(value, verify=False)


def test_a_draft_of_nobody_is_told_to_nobody():
    with pytest.raises(TypeError, match=r"AccessToken\.for_user\(user\)"):
        str(AccessToken())


def test_a_user_who_is_not_active_gets_none(user):
    user.is_active = False

    with pytest.raises(NotAllowed):
        str(RefreshToken.for_user(user))


def test_a_site_may_have_them_live_longer(refresh, clock):
    refresh.set_exp(lifetime=30 * DAY)
    access = refresh.access_token
    access.set_exp(lifetime=HOUR)

    told, text = payload(str(refresh)), str(access)

    assert (told["exp"], payload(text)["exp"]) == (AT + 30 * 86400, AT + 3600)
    assert Grant.objects.get().ends_at == clock() + 30 * DAY
    clock.turn(HOUR - MINUTE)
    AccessToken(text)
    clock.turn(MINUTE)
    with pytest.raises(ExpiredTokenError):
        AccessToken(text)
    clock.turn(28 * DAY)
    assert RefreshToken(str(refresh)).access_token.get("user_id")


def test_or_shorter_and_over_already(user):
    for kind in (AccessToken, RefreshToken, SlidingToken):
        token = kind.for_user(user)
        token.set_exp(lifetime=-MINUTE)
        with pytest.raises(ExpiredTokenError, match="Token is expired"):
            kind(str(token))


class Long(AccessToken):
    lifetime = 2 * HOUR


class LongRefresh(RefreshToken):
    lifetime = 10 * DAY
    access_token_class = Long


def test_a_subclass_says_how_long_its_tokens_live(user, clock):
    token = LongRefresh.for_user(user)

    refresh, access = str(token), str(token.access_token)

    assert (payload(refresh)["exp"] - AT, payload(access)["exp"] - AT) == (10 * 86400, 7200)
    clock.turn(HOUR)
    Long(access)
    assert payload(str(LongRefresh.traded(refresh).access_token))["exp"] == AT + 3600 + 7200


class OfStaff(AccessToken):
    def verify(self):
        super().verify()
        if self.get("name") != "staff":
            raise TokenError("Staff only")


def test_a_subclass_may_refuse_more(refresh):
    with pytest.raises(TokenError, match="Staff only"):
        OfStaff(str(refresh.access_token))


def test_a_subclass_may_not_have_it_named_in_a_way_of_its_own():
    with pytest.raises(TypeError, match=r"Named\.set_jti is never called"):
        type("Named", (AccessToken,), {"set_jti": lambda token: None})


def test_a_lifetime_is_read_on_the_class_as_it_is_now(settings):
    assert (AccessToken.lifetime, RefreshToken.lifetime, SlidingToken.lifetime) == (5 * MINUTE, DAY, 5 * MINUTE)

    settings.SIMPLE_JWT = {"ACCESS_TOKEN_LIFETIME": HOUR}

    assert (AccessToken.lifetime, api_settings.ACCESS_TOKEN_LIFETIME) == (HOUR, HOUR)
    assert list(api_settings.AUTH_TOKEN_CLASSES) == [AccessToken]


def test_what_is_presented_tells_whose_it_is(refresh, user):
    refresh["name"] = "Ada"

    access, again = AccessToken(str(refresh.access_token)), RefreshToken(str(refresh))

    assert (access["user_id"], access["name"], access["token_type"], access.subject) == (
        str(user.pk),
        "Ada",
        "access",
        user,
    )
    assert (again["user_id"], again["name"], again.subject) == (str(user.pk), "Ada", user)
    assert access.grant_id == again.grant_id == Grant.objects.get().pk
    assert (str(again), str(access)) == (again.token, access.token)
    assert "refresh_token" not in again


def test_an_access_token_of_a_presented_refresh_token_is_good(refresh, clock):
    text = str(refresh)
    clock.turn(HOUR)

    access = str(RefreshToken(text).access_token)

    AccessToken(access)
    assert payload(access)["exp"] == AT + 3900


def test_claims_travel_from_one_refresh_token_to_the_next(settings, refresh, clock):
    settings.SIMPLE_JWT = ROTATING
    refresh["name"] = "Ada"
    text = str(refresh)
    for _ in range(3):
        clock.turn(HOUR)
        text = str(RefreshToken.traded(text))

    assert payload(text)["name"] == "Ada"
    assert RefreshToken(text).access_token["name"] == "Ada"


def test_untyped_takes_any_and_says_what_it_is(user, refresh):
    for token in (refresh, refresh.access_token, SlidingToken.for_user(user)):
        assert UntypedToken(str(token))["token_type"] == token.token_type


def test_without_a_proof_nothing_is_believed(refresh, user):
    text = str(refresh.access_token)
    revoke(refresh.grant)

    token = AccessToken(text, verify=False)

    assert token["user_id"] == str(user.pk)
    assert (token.subject, token.scope) == (None, frozenset())
    with pytest.raises(InvalidToken):
        JWTAuthentication().get_user(token)


def test_to_blacklist_ends_it_and_says_whether_it_was_live(refresh, user):
    text = str(refresh)

    row, was_live = RefreshToken(text).blacklist()

    assert (type(row), was_live, row.token.user) == (BlacklistedToken, True, user)
    with pytest.raises(TokenError, match="Token is blacklisted"):
        RefreshToken(text)
    assert refresh.blacklist()[1] is False
    with pytest.raises(TokenError):
        RefreshToken(text, verify=False).check_blacklist()


def test_outstanding_tokens_are_the_sign_ins_of_a_user(user, refresh, hand_out):
    hand_out(kind=Kind.PERSONAL)
    bob = User.objects.create_user("bob")
    tokens = [refresh, RefreshToken.for_user(user), RefreshToken.for_user(bob)]
    rows = [token.outstand() for token in tokens]
    assert [is_new for _, is_new in rows] == [True, True, True]
    assert refresh.outstand()[1] is False

    assert OutstandingToken.objects.count() == 3
    assert (
        OutstandingToken.objects.filter(user=user).count()
        == OutstandingToken.objects.filter(user_id=user.pk).count()
        == 2
    )
    assert OutstandingToken.objects.get(user=bob).user_id == bob.pk
    assert set(OutstandingToken.objects.filter(jti__in=[refresh["jti"], "nonsense"])) == {rows[0][0]}
    assert not OutstandingToken.objects.filter(jti="nonsense").exists()
    assert OutstandingToken.objects.filter(expires_at__gt=datetime(2026, 11, 24, 11, tzinfo=UTC)).count() == 3
    with pytest.raises(FieldError, match="is not kept"):
        OutstandingToken.objects.filter(token=str(refresh)).count()


def test_a_user_is_signed_out_everywhere_by_a_loop_over_them(user, refresh):
    texts = [str(refresh), str(RefreshToken.for_user(user))]

    for token in OutstandingToken.objects.filter(user=user):
        BlacklistedToken.objects.get_or_create(token=token)

    assert BlacklistedToken.objects.filter(token__user=user).count() == 2
    assert BlacklistedToken.objects.filter(token__jti=refresh["jti"]).exists()
    assert not OutstandingToken.objects.filter(user=user, blacklistedtoken__isnull=True).exists()
    assert OutstandingToken.objects.filter(user=user).count() == 2
    for text in texts:
        with pytest.raises(TokenError, match="Token is blacklisted"):
            RefreshToken(text)


def test_to_delete_their_rows_ends_them(user, refresh):
    text = str(refresh)

    OutstandingToken.objects.filter(user=user).delete()

    with pytest.raises(TokenError):
        RefreshToken(text)
    assert (where_the_peer_has_them.OutstandingToken, where_the_peer_has_them.BlacklistedToken) == (
        OutstandingToken,
        BlacklistedToken,
    )


def test_no_row_is_written_past_the_engine(user):
    for write in (lambda: OutstandingToken().save(), lambda: OutstandingToken.objects.update(label="x")):
        with pytest.raises(TypeError):
            write()


class Named(TokenObtainPairSerializer):
    @classmethod
    def get_token(cls, user):
        token = super().get_token(user)
        token["name"] = user.get_username()
        return token

    def validate(self, attrs):
        data = super().validate(attrs)
        return {**data, "username": self.user.get_username()}


def test_a_serializer_of_the_sites_adds_claims_and_more_to_the_answer(settings, client, user):
    settings.SIMPLE_JWT = {"TOKEN_OBTAIN_SERIALIZER": f"{__name__}.Named"}

    answer = client.post("/api/token/", ADA, format="json").json()

    assert answer.keys() == {"refresh", "access", "username"}
    assert {payload(answer[name])["name"] for name in ("refresh", "access")} == {"ada"}
    refreshed = client.post("/api/token/refresh/", {"refresh": answer["refresh"]}).json()
    assert payload(refreshed["access"])["name"] == "ada"


def of_a_grant(grant):
    return {"name": grant.subject.get_username(), "sid": "another", "since": grant.created_at}


def test_one_callable_adds_claims_to_all_of_them(settings, client, user, clock):
    settings.TESSERA = {**settings.TESSERA, "JWT_CLAIMS": f"{__name__}.of_a_grant"}

    answer = client.post("/api/token/", ADA, format="json").json()

    told = payload(answer["access"])
    assert (told["name"], told["sid"], told["since"]) == ("ada", Grant.objects.get().pk.hex, "2026-11-23T12:00:00Z")


class Own(TokenObtainPairView):
    serializer_class = Named


def test_a_view_of_the_sites_names_its_serializer(user):
    from rest_framework.test import APIRequestFactory

    answer = Own.as_view()(APIRequestFactory().post("/", ADA, format="json"))

    assert (answer.status_code, answer.data["username"]) == (200, "ada")


class FromCookie(JWTAuthentication):
    """As many sites write it."""

    def authenticate(self, request):
        raw_token = request.COOKIES.get("access")
        if raw_token is None:
            return None
        token = self.get_validated_token(raw_token)
        return self.get_user(token), token


def test_a_subclass_takes_its_token_from_a_cookie(client, refresh):
    from tests.dialects.simplejwt.views import whoami as view

    assert view(client, None, FromCookie, Cookie=f"access={refresh.access_token}").status_code == 200
    assert view(client, None, FromCookie, Cookie="access=x").status_code == 401
    assert view(client, None, FromCookie).status_code == 401


def test_no_secret_is_shown_or_pickled(refresh):
    text = str(refresh)
    presented = RefreshToken(text)
    secret = payload(text)["refresh_token"]

    for token in (refresh, presented, AccessToken(str(refresh.access_token)), copy.copy(refresh)):
        pickled = pickle.dumps(token)
        assert secret not in repr(token) + repr(token.payload)
        assert secret.encode() not in pickled
        assert b"eyJ" not in pickled


def test_a_token_of_no_type_is_none():
    with pytest.raises(TokenError, match="Cannot create token with no type or lifetime"):
        Token()


def test_a_claim_that_is_over_is_refused_and_so_is_one_that_is_missing(refresh, clock):
    refresh.set_exp("trial", lifetime=HOUR)
    refresh.check_exp("trial")

    with pytest.raises(TokenError, match="Token 'trial' claim has expired"):
        refresh.check_exp("trial", clock() + HOUR)
    with pytest.raises(TokenError, match="Token has no 'nothing' claim"):
        refresh.check_exp("nothing")


def test_a_permission_of_scopes_reads_the_token(client, scopes, user):
    token = str(RefreshToken.for_user(user).access_token)

    assert whoami(client, token).json()["scope"] == ["tokens", "tracks:read", "tracks:write"]
