"""One token among very many."""

from datetime import timedelta
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tessera import Kind, revoke
from tessera.models import Grant, State
from tests.admin import SECRET, TOKENS, root, staff

DAY = timedelta(days=1)


def listed(client, **query) -> set[str]:
    """The names of the tokens that the list shows."""
    answer = client.get(TOKENS, query, follow=True)
    assert answer.status_code == 200
    return {grant.label for grant in answer.context["cl"].result_list}


@pytest.fixture
def grants(hand_out) -> dict[str, Grant]:
    """Two of ada's, one of charles', one of nobody's."""
    charles = User.objects.create_user("charles", pk=1791)
    return {
        "laptop": hand_out(label="laptop").grant,
        "phone": hand_out(label="phone").grant,
        "engine": hand_out(label="engine", subject=charles).grant,
        "machine": hand_out(label="machine", subject=None, kind=Kind.MACHINE).grant,
    }


@pytest.mark.parametrize(
    ("term", "found"),
    [
        pytest.param(lambda grants: "ada", {"laptop", "phone"}, id="a user's name"),
        pytest.param(lambda grants: "HARL", {"engine"}, id="a piece of it, in any case"),
        pytest.param(lambda grants: "1791", {"engine"}, id="a user's key"),
        pytest.param(lambda grants: "179", set(), id="a piece of a key"),
        pytest.param(lambda grants: "9" * 30, set(), id="a key beyond every integer"),
        pytest.param(lambda grants: str(grants["phone"].pk), {"phone"}, id="an id"),
        pytest.param(lambda grants: grants["phone"].pk.hex.upper(), {"phone"}, id="an id in hex"),
        pytest.param(lambda grants: str(grants["phone"].pk)[:13], set(), id="a piece of an id"),
        pytest.param(lambda grants: grants["phone"].hint, {"phone"}, id="a hint"),
        pytest.param(lambda grants: f" {grants['machine'].hint} ", {"machine"}, id="a hint and spaces"),
        pytest.param(lambda grants: grants["phone"].hint[:-1], set(), id="a piece of a hint"),
        pytest.param(lambda grants: "%", set(), id="a wildcard"),
        pytest.param(lambda grants: "'; DROP TABLE tessera_grant", set(), id="SQL"),
        pytest.param(lambda grants: "", {"laptop", "phone", "engine", "machine"}, id="nothing"),
    ],
)
def test_a_token_is_found_by_its_user_and_by_its_id(grants, term, found):
    assert listed(root(), q=term(grants)) == found


def test_a_search_stays_within_the_filter(hand_out):
    hand_out(label="live")
    revoke(hand_out(label="revoked").grant)

    assert listed(root(), q="ada", state="revoked") == {"revoked"}


@pytest.mark.parametrize(
    "term",
    [
        pytest.param(lambda secret: secret, id="whole"),
        pytest.param(lambda secret: f"Bearer {secret}", id="with its scheme"),
        pytest.param(lambda secret: secret[:70], id="cut short"),
        pytest.param(lambda secret: f'"{secret}"', id="in quotes"),
        pytest.param(lambda secret: f"ada {secret}", id="beside a name"),
    ],
)
def test_a_token_that_was_searched_for_is_taken_out_of_the_address_and_shown_to_be_revoked(hand_out, term):
    issued = hand_out(label="leaked")
    hand_out(label="safe")
    client = root()

    moved = client.get(TOKENS, {"q": term(issued.secret)})
    page = client.get(moved["Location"])

    assert (moved.status_code, moved["Location"]) == (302, f"{TOKENS}?q={issued.grant.pk.hex}")
    assert "now stands in the log of the server: revoke it" in page.text
    assert [grant.label for grant in page.context["cl"].result_list] == ["leaked"]
    assert issued.secret[45:60] not in moved.text + page.text + str(moved.headers)


def test_who_may_see_no_tokens_learns_nothing_by_searching(hand_out):
    client = staff("tessera.add_grant")

    statuses = [client.get(TOKENS, {"q": term}).status_code for term in ("", "ada", hand_out().secret)]

    assert statuses == [403, 403, 403]


@pytest.mark.parametrize(
    ("chosen", "found"),
    [
        pytest.param("live", {"endless", "young"}, id="live"),
        pytest.param("expired", {"old"}, id="expired"),
        pytest.param("revoked", {"revoked young", "revoked old"}, id="revoked"),
        pytest.param("zombie", {"endless", "young", "old", "revoked young", "revoked old"}, id="what is no state"),
    ],
)
def test_the_list_is_filtered_by_state(clock, hand_out, chosen, found):
    hand_out(label="old", lifetime=DAY)
    hand_out(label="young", lifetime=2 * DAY)
    hand_out(label="endless", lifetime="never")
    revoke(hand_out(label="revoked old", lifetime=DAY).grant, hand_out(label="revoked young", lifetime=2 * DAY).grant)
    clock.turn(DAY)

    assert listed(root(), state=chosen) == found
    assert chosen not in State.values or {grant.state(clock()) for grant in Grant.objects.filter(label__in=found)} == {
        chosen
    }


def test_the_list_is_filtered_by_kind(grants):
    assert listed(root(), kind__exact="machine") == {"machine"}


@pytest.mark.parametrize(
    "lookup",
    [
        "access_digest",
        "access_digest__gte",
        "fingerprint__startswith",
        "refresh_digest__gte",
        "previous_access_digest__gte",
        "nonce__gte",
        "subject__password__startswith",
    ],
)
def test_nothing_secret_can_be_guessed_through_the_address(grants, lookup):
    answer = root().get(TOKENS, {lookup: "a"})

    assert answer.status_code == 400


def test_a_row_says_what_a_token_is_and_how_it_fares(settings, clock, hand_out):
    settings.TIME_ZONE = "UTC"
    hand_out(label="endless", lifetime="never")
    clock.turn(DAY)
    revoke(hand_out(label="revoked").grant)

    page = root().get(TOKENS).text

    for told in [
        "ada",
        "endless",
        "personal token",
        "Nov. 23, 2026, noon",
        "never",
        "live",
        "revoked",
        "Nov. 24, 2026",
    ]:
        assert told in page


def test_the_newest_stands_first(clock, hand_out):
    for label in ("old", "newer", "newest"):
        clock.turn(DAY)
        hand_out(label=label)

    answer = root().get(TOKENS)

    assert [grant.label for grant in answer.context["cl"].result_list] == ["newest", "newer", "old"]


def rows(count: int) -> None:
    """So many users with a token each."""
    first = User.objects.bulk_create(User(username=f"user{number}") for number in range(count))
    Grant.objects.bulk_create(
        Grant(
            id=UUID(int=number),
            subject=user,
            kind=Kind.PERSONAL,
            label=f"token {number}",
            created_at="2026-11-23T12:00:00Z",
            access_digest=bytes(24),
            fingerprint=bytes(16),
        )
        for number, user in enumerate(first, start=1)
    )


@pytest.mark.parametrize(
    "page",
    [
        TOKENS,
        f"{TOKENS}?q=user1",
        f"{TOKENS}?state=live",
        f"{TOKENS}?kind__exact=personal",
        f"{TOKENS}?p=2",
        f"{TOKENS}add/",
    ],
)
@pytest.mark.django_db
def test_a_page_costs_the_same_however_many_tokens_there_are(page):
    client, counts = root(), []
    client.get(page)

    for more in (1, 300):
        User.objects.filter(username__startswith="user").delete()
        rows(more)
        with CaptureQueriesContext(connection) as queries:
            answer = client.get(page)
        counts.append(len(queries))

    assert answer.status_code == 200
    assert counts[0] == counts[1] <= 4  # the session, the user, how many, which
    assert '<select name="subject"' not in answer.text
    assert not SECRET.search(answer.text)
