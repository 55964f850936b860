"""A site whose reads go to a replica. That one still shows a revoked grant alive, so nobody asks it about grants."""

import pytest
from django.contrib.auth.models import User

from tessera import Ask, Kind, issue, replace, revoke, verify
from tessera.dialects.authtoken import Token
from tessera.engine.pruning import prune
from tessera.engine.rows.lookup import find, grants, grants_of
from tests.admin import TOKENS, root
from tests.credentials import DOORS, bearing


class Replicated:
    """Whatever reads grants without saying where comes to a database that is not there."""

    def db_for_read(self, model, **hints):
        return "replica" if model._meta.app_label == "tessera" else None


@pytest.mark.django_db
@pytest.mark.parametrize(
    "act",
    [
        pytest.param(lambda issued: issue(Ask(subject=issued.grant.subject)), id="issue"),
        pytest.param(lambda issued: verify(issued.secret, accept=DOORS).grant, id="verify"),
        pytest.param(lambda issued: replace(issued.secret, accept=DOORS), id="replace"),
        pytest.param(lambda issued: revoke(issued.grant), id="revoke"),
        pytest.param(lambda issued: prune(), id="prune"),
        pytest.param(lambda issued: find(issued.grant.pk), id="look up one"),
        pytest.param(lambda issued: list(grants()), id="look up all"),
        pytest.param(lambda issued: list(grants_of(issued.grant.subject)), id="look up a user's"),
        pytest.param(lambda issued: Token.objects.get_or_create(user=issued.grant.subject), id="get or create"),
        pytest.param(lambda issued: Token.objects.get().created, id="read back"),
        pytest.param(lambda issued: issued.grant.subject.auth_token.delete(), id="auth_token"),
    ],
)
def test_no_verb_asks_a_replica(settings, hand_out, act):
    issued = hand_out(client="authtoken")
    settings.DATABASE_ROUTERS = [Replicated()]

    act(issued)


@pytest.mark.django_db
def test_no_door_asks_a_replica(settings, client, hand_out):
    old = hand_out().secret
    settings.DATABASE_ROUTERS = [Replicated()]

    used = client.get("/whoami/", headers=bearing(old))
    signed_in = client.post("/api-token-auth/", {"username": "ada", "password": "lovelace-1843"})
    replaced = client.post("/api-token-auth/new/", headers=bearing(old))
    ended = client.post("/api-token-auth/revoke/", headers=bearing(replaced.json()["token"]))

    assert [each.status_code for each in (used, signed_in, replaced, ended)] == [200, 200, 200, 204]


@pytest.mark.django_db
def test_the_admin_asks_no_replica(settings, hand_out):
    issued, browser = hand_out(), root()
    settings.DATABASE_ROUTERS = [Replicated()]

    pages = [browser.get(TOKENS), browser.get(f"{TOKENS}{issued.grant.pk}/change/")]

    assert [page.status_code for page in pages] == [200, 200]


@pytest.mark.django_db
def test_a_password_hashed_anew_asks_no_replica(settings, hand_out, user):
    issued = hand_out(kind=Kind.SIGN_IN)
    settings.DATABASE_ROUTERS = [Replicated()]
    settings.PASSWORD_HASHERS = ["tests.recording.CountingHasher", *settings.PASSWORD_HASHERS]

    assert user.check_password("lovelace-1843")

    assert User.objects.get().password.startswith("counting$")
    assert verify(issued.secret, accept=DOORS).subject == user
