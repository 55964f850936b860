"""`POST /auth/login/` with an e-mail address in place of the name."""

import pytest
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_login_failed
from django.db import OperationalError, connection

from tests.recording import CountingHasher, listening

LOGIN = "/auth/login/"
ADDRESS, PASSWORD = "ada@analytical.example", "lovelace-1843"
UNABLE = {"detail": "Unable to log in with provided credentials.", "code": "invalid_login"}
REQUIRED = {"username": ["This field is required."]}


@pytest.fixture
def ada(user):
    """ada, who has an address."""
    user.email = ADDRESS
    user.save()
    return user


def log_in(client, email, password=PASSWORD, **more):
    return client.post(LOGIN, {"email": email, "password": password, **more}, format="json")


@pytest.mark.parametrize("encoding", ["json", "multipart"])
@pytest.mark.parametrize("address", [ADDRESS, "ADA@Analytical.Example", f" {ADDRESS} "])
def test_an_address_stands_for_the_name_in_any_letter_case(client, ada, address, encoding):
    answer = client.post(LOGIN, {"email": address, "password": PASSWORD}, format=encoding)

    assert (answer.status_code, next(iter(answer.json()))) == (200, "access_token")


def test_all_whose_address_opens_nothing_are_answered_alike_after_the_same_work(client, ada, settings, monkeypatch):
    settings.PASSWORD_HASHERS = ["tests.recording.CountingHasher"]
    monkeypatch.setattr(CountingHasher, "passwords", [])
    User.objects.create_user("inactive", "inactive@b.example", PASSWORD, is_active=False)
    User.objects.create_user("one", "both@b.example", PASSWORD)
    User.objects.create_user("other", "both@b.example", PASSWORD)
    CountingHasher.passwords.clear()

    seen = {}
    for address in (ADDRESS, "nobody@b.example", "inactive@b.example", "both@b.example"):
        answer = log_in(client, address, "wrong" if address == ADDRESS else PASSWORD)
        seen[address] = (answer.status_code, answer.content, dict(answer.headers), len(CountingHasher.passwords))
        CountingHasher.passwords.clear()

    assert (seen[ADDRESS][0], seen[ADDRESS][3]) == (401, 1)
    assert seen == dict.fromkeys(seen, seen[ADDRESS])


def test_who_was_deactivated_does_not_keep_the_address_from_who_has_it_now(client, ada):
    User.objects.create_user("ada-before", ADDRESS, PASSWORD, is_active=False)

    assert log_in(client, ADDRESS).status_code == 200


@pytest.mark.parametrize(
    "address",
    [
        "ada@analyt\N{LATIN SMALL LETTER DOTLESS I}cal.example",
        "ada@analytical.exampłe",
        "ada@analyticâl.example",
        "a_a@analytical.example",
    ],
)
def test_an_address_that_only_looks_alike_to_the_database_is_another(client, ada, address):
    assert log_in(client, address).json() == UNABLE


def test_an_address_is_counted_as_the_name_that_it_stands_for(client, ada, clock):
    for _ in range(5):
        log_in(client, ADDRESS, "wrong")
        client.post(LOGIN, {"username": "ada", "password": "wrong"})

    assert [log_in(client, ADDRESS.upper()).status_code, log_in(client, "a@b.example").status_code] == [429, 401]


@pytest.mark.parametrize("before", ["", "as a name", "as a name, in capitals", "with an accent", "in full width"])
def test_the_counters_do_not_tell_whether_somebody_has_an_address(client, ada, clock, before):
    def tried(address):
        used_up = {
            "": {},
            "as a name": {"username": address},
            "as a name, in capitals": {"username": address.upper()},
            "with an accent": {"email": address.replace("a", "\N{LATIN SMALL LETTER A WITH ACUTE}", 1)},
            "in full width": {"email": address.replace("a", "\N{FULLWIDTH LATIN SMALL LETTER A}", 1)},
        }[before]
        for _ in range(12 if used_up else 0):
            client.post(LOGIN, {**used_up, "password": "wrong"}, format="json")
        return [log_in(client, each, "wrong").status_code for each in (*[address, address.upper()] * 5, address)]

    known, other = tried(ADDRESS), tried("nobody@analytical.example")

    assert known == other == [401] * 10 + [429]


def test_an_address_that_nobody_has_is_no_name_either(client, user):
    User.objects.create_user("name@b.example", "", PASSWORD)

    answers = [
        log_in(client, "name@b.example"),
        client.post(LOGIN, {"username": "name@b.example", "password": PASSWORD}),
    ]

    assert [answer.status_code for answer in answers] == [401, 200]


@pytest.mark.parametrize(
    ("address", "told"),
    [pytest.param(ADDRESS, "ada", id="known"), pytest.param("a@b.example", "a@b.example", id="new")],
)
def test_djangos_receivers_are_told_who_failed_as_far_as_that_is_known(client, ada, address, told):
    with listening(user_login_failed) as failed:
        log_in(client, address, "wrong")

    [(_, heard)] = failed
    assert heard["credentials"] == {"username": told, "password": "*" * 20}


NO_ADDRESS = "Enter a valid email address."


@pytest.mark.parametrize(
    ("email", "complaint"),
    [
        pytest.param("", "This field may not be blank.", id="blank"),
        pytest.param(None, "This field may not be null.", id="null"),
        pytest.param("ada", NO_ADDRESS, id="a name"),
        pytest.param("ada@analytical.example\r\nBcc: x@y.example", NO_ADDRESS, id="two lines"),
        pytest.param(["ada@analytical.example"], NO_ADDRESS, id="a list"),
        pytest.param({"$ne": ""}, NO_ADDRESS, id="a query operator"),
        pytest.param(True, NO_ADDRESS, id="true"),
        pytest.param("a" * 250 + "@b.example", "Ensure this field has no more than 254 characters.", id="too long"),
        pytest.param("a\x00@b.example", "Null characters are not allowed.", id="nul"),
    ],
)
def test_what_is_no_address_is_a_400(client, ada, email, complaint):
    answer = log_in(client, email)

    assert (answer.status_code, complaint in answer.json()["email"]) == (400, True)


def test_half_a_surrogate_pair_is_a_400(client, ada):
    answer = client.generic("POST", LOGIN, rb'{"email": "\ud800@b.example", "password": "x"}', "application/json")

    assert answer.status_code == 400


def test_a_name_and_an_address_are_one_too_many(client, ada):
    answer = log_in(client, ADDRESS, username="ada")

    assert (answer.status_code, answer.json()) == (400, {"email": ["Send the name or the address, not both."]})


@pytest.mark.parametrize("encoding", ["json", "multipart"])
def test_where_users_have_no_address_there_must_be_a_name(client, ada, monkeypatch, encoding):
    monkeypatch.setattr(User, "EMAIL_FIELD", "nowhere")

    answer = client.post(LOGIN, {"email": ADDRESS, "password": PASSWORD}, format=encoding)

    assert (answer.status_code, answer.json()) == (400, REQUIRED)


def test_where_users_log_in_with_the_address_it_is_the_name(client, ada, monkeypatch):
    monkeypatch.setattr(User, "USERNAME_FIELD", "email")

    assert [log_in(client, ADDRESS).status_code, log_in(client, ADDRESS.upper()).status_code] == [200, 401]


@pytest.mark.django_db(transaction=True)
def test_a_database_that_does_not_answer_is_a_503(client, ada):
    def refuse(execute, sql, params, many, context):
        raise OperationalError("the database is away")

    with connection.execute_wrapper(refuse):
        answer = log_in(client, ADDRESS)

    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
