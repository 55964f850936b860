"""Sites whose defaults would break the endpoints, if those did not pin what they need."""

import pytest

from tessera.dialects.knox import AuthToken
from tests.dialects.hostile import WORLDS
from tests.dialects.knox.test_contract import ADA, header

pytestmark = pytest.mark.django_db

THROTTLED = "nobody ever"
"""That one is the site's own will: the peer asks its throttles at a log-in, and so do we."""


@pytest.mark.parametrize("name", [name for name in WORLDS if name != THROTTLED])
def test_who_logs_in_gets_a_token_whatever_the_defaults(user, name):
    with WORLDS[name]() as client:
        answer = client.post("/knox/login/", ADA)

    assert (answer.status_code, list(answer.json())) == (200, ["expiry", "token"])


def test_a_throttle_of_the_sites_counts_log_ins(user):
    with WORLDS[THROTTLED]() as client:
        answer = client.post("/knox/login/", ADA)

    assert answer.status_code == 429
    assert AuthToken.objects.count() == 0


@pytest.mark.parametrize("world", WORLDS.values(), ids=WORLDS.keys())
@pytest.mark.parametrize("path", ["/knox/logout/", "/knox/logoutall/"])
def test_who_logs_out_is_out_whatever_the_defaults(user, world, path):
    _, token = AuthToken.objects.create(user)

    with world() as client:
        answers = [client.post(path, headers=header(token)) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [204, 401]
    assert answers[1]["WWW-Authenticate"] == "Token"
    assert AuthToken.objects.count() == 0
