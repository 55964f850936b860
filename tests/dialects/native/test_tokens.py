"""The wire of `tokens/` and `personal/`: what is sent, and the whole of what comes."""

import json
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection

from tessera import Ask, Kind, Policy, issue, revoke
from tessera.engine.adoption.key import adopt
from tessera.errors import NotAllowed
from tessera.models import LONG_AGO, Grant
from tests.credentials import PAIR, bearing, opens, traded
from tests.dialects import hostile

TOKENS, OTHERS, ALL, PERSONAL = (
    "/auth/tokens/",
    "/auth/tokens/revoke-others/",
    "/auth/tokens/revoke-all/",
    "/auth/personal/",
)

UNKEPT = {"Cache-Control": "no-store", "Pragma": "no-cache", "Vary": "Authorization"}
NOT_FOUND = {"detail": "Not found.", "code": "not_found"}
TOO_OLD = {
    "detail": "The log-in was too long ago for this. Log in again, and use the new access token.",
    "code": "login_required",
}

pytestmark = pytest.mark.django_db


@pytest.fixture
def phone(hand_out, clock):
    """A sign-in of ada's."""
    issued = hand_out(**PAIR, label="phone")
    clock.turn(timedelta(seconds=1))
    return issued


@pytest.fixture
def eve(user):
    """Somebody else."""
    return User.objects.create_user("eve")


def whole(answer):
    """Its status, its body, and those of its headers that say something of the credential."""
    headers = {name: answer[name] for name in (*UNKEPT, "WWW-Authenticate", "Retry-After") if name in answer}
    return answer.status_code, answer.json() if answer.content else None, headers


def one(issued):
    return f"{TOKENS}{issued.grant.pk}/"


def by(client, issued, method, path, **sent):
    return getattr(client, method)(path, **sent, format="json", headers=bearing(issued.secret))


def listed(client, issued):
    return [each["id"] for each in by(client, issued, "get", TOKENS).json()["results"]]


def ids(*issued):
    return [str(each.grant.pk) for each in issued]


# The list


def test_the_list_has_every_live_token_of_the_user_the_newest_first(client, user, hand_out, phone, clock):
    laptop = hand_out(**PAIR, label="laptop")
    script = hand_out(label="backup", client="cron", lifetime=timedelta(days=1))
    clock.turn(timedelta(minutes=1))

    answer = by(client, laptop, "get", TOKENS)

    unused = {"last_used_at": None, "is_current": False, "client": ""}
    expected = [
        {
            **unused,
            "id": str(script.grant.pk),
            "kind": "personal",
            "label": "backup",
            "client": "cron",
            "created_at": "2026-11-23T12:00:01Z",
            "ends_at": "2026-11-24T12:00:01Z",
        },
        {
            **unused,
            "id": str(laptop.grant.pk),
            "kind": "sign-in",
            "label": "laptop",
            "created_at": "2026-11-23T12:00:01Z",
            "ends_at": "2026-12-23T12:00:01Z",
            "is_current": True,
        },
        {
            **unused,
            "id": str(phone.grant.pk),
            "kind": "sign-in",
            "label": "phone",
            "created_at": "2026-11-23T12:00:00Z",
            "ends_at": "2026-12-23T12:00:00Z",
        },
    ]
    body = {"next": None, "previous": None, "results": sorted(expected, key=lambda each: str(each["id"]), reverse=True)}
    assert whole(answer) == (200, body, UNKEPT)


def test_the_last_use_is_shown(client, phone, clock):
    Grant.objects.update(last_used_at=clock.time)

    (shown,) = by(client, phone, "get", TOKENS).json()["results"]

    assert shown["last_used_at"] == "2026-11-23T12:00:01Z"


@pytest.mark.parametrize("names", [(), ("address",), ["agent"], {"address", "agent"}])
def test_what_the_site_records_is_shown_and_nothing_else(client, phone, settings, names):
    Grant.objects.update(address="192.0.2.1", agent="Analytical Engine/1.0")
    settings.TESSERA = {**settings.TESSERA, "RECORDED": names}

    (shown,) = by(client, phone, "get", TOKENS).json()["results"]

    told = {"address": "192.0.2.1", "agent": "Analytical Engine/1.0"}
    assert {name: shown[name] for name in told if name in shown} == {name: told[name] for name in names}


@pytest.mark.parametrize(
    "end",
    [
        pytest.param(lambda issued: revoke(issued.grant), id="revoked"),
        pytest.param(lambda issued: Grant.objects.filter(pk=issued.grant.pk).update(ends_at=LONG_AGO), id="expired"),
        pytest.param(lambda issued: Grant.objects.filter(pk=issued.grant.pk).update(fingerprint=b"x"), id="password"),
        pytest.param(lambda issued: Grant.objects.filter(pk=issued.grant.pk).update(pepper="gone"), id="its pepper"),
        pytest.param(lambda issued: Grant.objects.filter(pk=issued.grant.pk).update(kind="letter"), id="a letter"),
        pytest.param(lambda issued: Grant.objects.filter(pk=issued.grant.pk).update(subject=eves()), id="another's"),
    ],
)
def test_what_opens_nothing_is_not_listed(client, user, hand_out, phone, end):
    laptop = hand_out(**PAIR)
    end(laptop)

    assert listed(client, phone) == ids(phone)


def eves():
    return User.objects.create_user("eve")


def test_every_kind_that_opens_something_is_listed(client, user, hand_out, phone):
    issue(Ask(subject=None, kind=Kind.MACHINE))
    kinds = [hand_out(kind=Kind.MACHINE), hand_out(kind=Kind.ADOPTED), hand_out()]

    assert set(listed(client, phone)) == set(ids(phone, *kinds))


def test_a_page_has_a_hundred_and_leads_to_the_next_and_back(client, user, phone, django_assert_num_queries):
    others = [issue(Ask(subject=user, kind=Kind.PERSONAL)) for _ in range(150)]
    newest_first = sorted(ids(phone, *others), reverse=True)

    with django_assert_num_queries(3):
        first = by(client, phone, "get", TOKENS).json()
    with django_assert_num_queries(3):
        second = by(client, phone, "get", first["next"]).json()
    back = by(client, phone, "get", second["previous"]).json()

    assert [len(page["results"]) for page in (first, second)] == [100, 51]
    assert [each["id"] for page in (first, second) for each in page["results"]] == newest_first
    assert (second["next"], back["results"]) == (None, first["results"])


def test_a_page_may_be_empty_where_a_changed_password_has_shut_out_all_that_it_had(client, user, phone):
    dead = [issue(Ask(subject=user, kind=Kind.PERSONAL)) for _ in range(150)]
    Grant.objects.filter(pk__in=[each.grant.pk for each in dead]).update(fingerprint=b"of another password")

    first = by(client, phone, "get", TOKENS).json()
    second = by(client, phone, "get", first["next"]).json()

    assert [each["id"] for page in (first, second) for each in page["results"]] == ids(phone)


def test_a_token_that_ends_between_two_pages_moves_no_other(client, user, phone):
    others = [issue(Ask(subject=user, kind=Kind.PERSONAL)) for _ in range(150)]
    first = by(client, phone, "get", TOKENS).json()
    newest_first = sorted(ids(phone, *others), reverse=True)
    revoke(*(each.grant for each in others if str(each.grant.pk) in newest_first[:10]))

    second = by(client, phone, "get", first["next"]).json()

    assert [each["id"] for each in second["results"]] == newest_first[100:]


@pytest.mark.parametrize(
    ("cursor", "status"),
    [
        pytest.param("", 200, id="none"),
        pytest.param("x", 404, id="no base64"),
        pytest.param("é", 404, id="no ASCII"),
        pytest.param("/w==", 404, id="bytes that are no ASCII"),
        pytest.param("cD1nYXJiYWdl", 404, id="p=garbage"),
        pytest.param("cD0lMDA=", 404, id="p=NUL"),
        pytest.param("cD0xJm89LTE=", 404, id="o=-1"),
        pytest.param("bz14", 404, id="o=x"),
        pytest.param("cj14", 404, id="r=x"),
        pytest.param("bz0xMDAwMDAwMDAw", 200, id="o=1000000000"),
        pytest.param("cj0x", 200, id="r=1: from the other end"),
        pytest.param("cD1GRkZGRkZGRi1GRkZGLUZGRkYtRkZGRi1GRkZGRkZGRkZGRkY=", 404, id="an id in capitals"),
        pytest.param("A" * 5_000, 200, id="nothing but NULs"),
    ],
)
def test_a_cursor_that_was_made_up_is_a_404_or_a_page_of_ones_own(client, phone, eve, cursor, status):
    issue(Ask(subject=eve))

    answer = by(client, phone, "get", TOKENS, data={"cursor": cursor})

    assert answer.status_code == status
    if status == 404:
        assert whole(answer) == (404, {"detail": "Invalid cursor", "code": "not_found"}, UNKEPT)
    else:
        assert [each["id"] for each in answer.json()["results"]] in (ids(phone), [])


@pytest.mark.parametrize("size", ["-1", "0", "1000000000", "x"])
def test_nobody_chooses_the_size_of_a_page(client, user, phone, size):
    for _ in range(101):
        issue(Ask(subject=user))

    answer = by(client, phone, "get", TOKENS, data={"page_size": size, "limit": size})

    assert len(answer.json()["results"]) == 100


# Another name, and the end of one


@pytest.mark.parametrize(
    "label",
    ["grandma's phone", "", "x" * 100, "<script>alert(1)</script>", "=cmd|' /C calc'!A0", "\u202eenohp", "電話"],
)
def test_another_name_is_kept_as_it_was_sent(client, hand_out, phone, label):
    laptop = hand_out(**PAIR, label="laptop")
    before = by(client, phone, "get", TOKENS).json()["results"]

    answer = by(client, phone, "patch", one(laptop), data={"label": label})

    (shown,) = [each for each in before if each["label"] == "laptop"]
    assert whole(answer) == (200, {**shown, "label": label}, UNKEPT)
    assert Grant.objects.get(pk=laptop.grant.pk).label == label


def test_nothing_but_the_name_can_be_changed(client, hand_out, phone, eve):
    laptop = hand_out(**PAIR)
    before = Grant.objects.filter(pk=laptop.grant.pk).values().get()
    more = {"id": str(eve.pk), "user": eve.pk, "subject": eve.pk, "owner": eve.pk, "is_staff": True, "kind": "machine"}
    more |= {
        "client": "x",
        "scope": "x",
        "scopes": "x",
        "expiry": None,
        "ends_at": None,
        "access_digest": "",
        "family": 1,
    }

    answer = by(client, phone, "patch", one(laptop), data={"label": "x", **more})

    assert answer.status_code == 200
    assert Grant.objects.filter(pk=laptop.grant.pk).values().get() == {**before, "label": "x"}


def test_one_is_ended_and_no_other(client, hand_out, phone):
    laptop, script = hand_out(**PAIR), hand_out()

    answer = by(client, phone, "delete", one(laptop))

    assert whole(answer) == (204, None, UNKEPT)
    assert [opens(each.secret) for each in (phone, laptop, script)] == [True, False, True]
    assert Grant.objects.get(revoked_at__isnull=False).revoked_reason == "revoked"


def test_to_end_the_one_that_the_request_is_made_with_is_to_sign_out(client, phone):
    assert by(client, phone, "delete", one(phone)).status_code == 204

    assert by(client, phone, "get", TOKENS).status_code == 401


def test_what_a_changed_password_has_shut_out_is_ended_all_the_same(client, hand_out, phone):
    laptop = hand_out(**PAIR)
    Grant.objects.filter(pk=laptop.grant.pk).update(fingerprint=b"of another password")

    answer = by(client, phone, "delete", one(laptop))

    assert (answer.status_code, Grant.objects.get(pk=laptop.grant.pk).revoked_reason) == (204, "revoked")


@pytest.mark.parametrize("method", ["patch", "delete"])
@pytest.mark.parametrize(
    "other",
    [
        pytest.param(lambda eve, phone: f"{issue(Ask(subject=eve)).grant.pk}", id="another user's"),
        pytest.param(lambda eve, phone: f"{issue(Ask(subject=None, kind=Kind.MACHINE)).grant.pk}", id="a machine's"),
        pytest.param(lambda eve, phone: "01930000-0000-7000-8000-000000000000", id="unknown"),
        pytest.param(lambda eve, phone: f"{phone.grant.pk}".upper(), id="in capitals"),
        pytest.param(lambda eve, phone: phone.grant.pk.hex, id="without dashes"),
        pytest.param(lambda eve, phone: f"{{{phone.grant.pk}}}", id="in braces"),
        pytest.param(lambda eve, phone: phone.grant.pk.urn, id="as a URN"),
        pytest.param(lambda eve, phone: f"%20{phone.grant.pk}", id="after a space"),
        pytest.param(lambda eve, phone: f"{phone.grant.pk}%0a", id="before a line end"),
        pytest.param(lambda eve, phone: f"{phone.grant.pk}%00", id="before a NUL"),
        pytest.param(lambda eve, phone: f"{phone.grant.pk}".replace("0", "\u0660"), id="in arabic digits"),
        pytest.param(lambda eve, phone: phone.grant.hint, id="its hint"),
        pytest.param(lambda eve, phone: f"{phone.grant.pk.int}", id="as a number"),
        pytest.param(lambda eve, phone: "x" * 5_000, id="long"),
    ],
)
def test_what_is_none_of_the_users_is_a_404_and_always_the_same(client, phone, eve, method, other):
    path = f"{TOKENS}{other(eve, phone)}/"
    before = list(Grant.objects.values())

    answer = by(client, phone, method, path, data={"label": "mine"})

    assert whole(answer) == (404, NOT_FOUND, UNKEPT)
    assert list(Grant.objects.values()) == before


@pytest.mark.parametrize("method", ["patch", "delete"])
def test_what_was_ended_is_a_404_and_stays_as_it_is(client, hand_out, phone, method):
    laptop = hand_out(**PAIR)
    revoke(laptop.grant, reason="theft")
    before = list(Grant.objects.values())

    answer = by(client, phone, method, one(laptop), data={"label": "mine"})

    assert whole(answer) == (404, NOT_FOUND, UNKEPT)
    assert list(Grant.objects.values()) == before


# The end of many


@pytest.fixture
def all_of_them(user, hand_out, phone, eve):
    """What ada has, beside the phone, and what she has not."""
    old = hand_out(**PAIR)
    Grant.objects.filter(pk=old.grant.pk).update(ends_at=LONG_AGO)
    return {
        "phone": phone,
        "laptop": hand_out(**PAIR),
        "old app": hand_out(kind=Kind.SIGN_IN, client="authtoken"),
        "adopted": adopt("the-key-of-an-old-package", user),
        "script": hand_out(),
        "machine": hand_out(kind=Kind.MACHINE),
        "eve's": issue(Ask(subject=eve)),
        "nobody's": issue(Ask(subject=None, kind=Kind.MACHINE)),
    }


@pytest.mark.parametrize(
    ("path", "over", "reason"),
    [
        pytest.param(OTHERS, {"laptop", "old app", "adopted"}, "others", id="others"),
        pytest.param(ALL, {"phone", "laptop", "old app", "adopted", "script", "machine"}, "all", id="all"),
    ],
)
def test_the_end_of_many_says_how_many_lived(client, phone, all_of_them, path, over, reason):
    answer = by(client, phone, "post", path)

    assert whole(answer) == (200, {"ended": len(over)}, UNKEPT)
    assert {name for name, issued in all_of_them.items() if not opens(issued.secret)} == over
    # One that had expired is ended as well, in case another server's clock is behind.
    assert Grant.objects.filter(revoked_reason=reason).count() == len(over) + 1
    assert by(client, phone, "post", path).status_code == (401 if "phone" in over else 200)


def test_to_end_the_others_twice_ends_nothing_the_second_time(client, phone, all_of_them):
    assert [by(client, phone, "post", OTHERS).json() for _ in range(2)] == [{"ended": 3}, {"ended": 0}]


# A personal token


@pytest.mark.parametrize(
    ("sent", "label", "seconds"),
    [
        pytest.param({"label": "backup"}, "backup", 365 * 86_400, id="the site's lifetime"),
        pytest.param({"label": " backup "}, "backup", 365 * 86_400, id="spaces round its name"),
        pytest.param({"label": "x", "lifetime": 3600}, "x", 3600, id="a number of seconds"),
        pytest.param({"label": "x", "lifetime": "3600"}, "x", 3600, id="a number in text"),
        pytest.param({"label": "x", "lifetime": "P30D"}, "x", 30 * 86_400, id="ISO 8601"),
        pytest.param({"label": "x", "lifetime": "PT1H"}, "x", 3600, id="ISO 8601, of an hour"),
        pytest.param({"label": "x", "lifetime": 365 * 86_400}, "x", 365 * 86_400, id="the longest"),
    ],
)
def test_a_personal_token_is_told_once(client, user, phone, sent, label, seconds):
    answer = by(client, phone, "post", PERSONAL, data=sent)

    status, body, headers = whole(answer)
    grant = Grant.objects.get(kind=Kind.PERSONAL)
    assert (status, headers) == (201, UNKEPT)
    assert body == {
        "id": str(grant.pk),
        "token": body["token"],
        "token_type": "Bearer",
        "label": label,
        "expires_in": seconds,
    }
    assert (grant.subject, grant.client, grant.label, grant.scope) == (user, "", label, "")
    assert client.get("/whoami/", headers=bearing(body["token"])).json() == {"username": "ada"}


def test_past_the_rate_of_its_user_no_personal_token_is_made(client, phone, settings, clock):
    settings.TESSERA = {**settings.TESSERA, "RATES": {"personal": "2/hour"}}

    answers = [by(client, phone, "post", PERSONAL, data={"label": "x"}) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [201, 201, 429]
    assert (answers[-1].has_header("Retry-After"), answers[-1].json()["code"]) == (True, "too_many_attempts")
    assert Grant.objects.filter(kind=Kind.PERSONAL).count() == 2


def test_it_records_where_it_was_made_if_the_site_does(client, phone, settings):
    settings.TESSERA = {**settings.TESSERA, "RECORDED": ("address", "agent")}

    client.post(PERSONAL, {"label": "x"}, headers={**bearing(phone.secret), "User-Agent": "Engine/1.0"})

    assert Grant.objects.values_list("address", "agent").get(kind=Kind.PERSONAL) == ("127.0.0.1", "Engine/1.0")


def test_where_the_site_says_never_it_has_no_end_and_says_nothing_of_one(client, phone, settings):
    settings.TESSERA = {**settings.TESSERA, "TOKEN_LIFETIME": "never"}

    body = by(client, phone, "post", PERSONAL, data={"label": "x"}).json()

    assert set(body) == {"id", "token", "token_type", "label"}


REQUIRED, BLANK, NULL = "This field is required.", "This field may not be blank.", "This field may not be null."
NO_TEXT, TOO_LONG = "Not a valid string.", "Ensure this field has no more than 100 characters."
NO_SPAN = "Duration has wrong format. Use one of these formats instead: [DD] [HH:[MM:]]ss[.uuuuuu]."
NO_TIME, NOT_SO_LONG = "A lifetime is a positive span.", "A token lives for at most 31536000 seconds."


@pytest.mark.parametrize(
    ("field", "value", "complaint"),
    [
        pytest.param("label", "", BLANK, id="no name"),
        pytest.param("label", "  ", BLANK, id="a name of spaces"),
        pytest.param("label", None, NULL, id="null for a name"),
        pytest.param("label", ["x"], NO_TEXT, id="a list for a name"),
        pytest.param("label", {"$ne": ""}, NO_TEXT, id="a query for a name"),
        pytest.param("label", True, NO_TEXT, id="true for a name"),
        pytest.param("label", "x" * 101, TOO_LONG, id="101 letters"),
        pytest.param("label", "x" * 10_000, TOO_LONG, id="10,000 letters"),
        pytest.param("label", "a\x00", "Null characters are not allowed.", id="nul"),
        pytest.param("lifetime", "", NO_TIME, id="no lifetime"),
        pytest.param("lifetime", None, NULL, id="null for a lifetime"),
        pytest.param("lifetime", True, NO_SPAN, id="true for a lifetime"),
        pytest.param("lifetime", [1], NO_SPAN, id="a list for a lifetime"),
        pytest.param("lifetime", {}, NO_SPAN, id="an object for a lifetime"),
        pytest.param("lifetime", "never", NO_SPAN, id="never"),
        pytest.param("lifetime", "P1Y", NO_SPAN, id="a year, which is not always as long"),
        pytest.param("lifetime", 0, NO_TIME, id="no time at all"),
        pytest.param("lifetime", -1, NO_TIME, id="a second ago"),
        pytest.param("lifetime", "-P1D", NO_TIME, id="a day ago"),
        pytest.param("lifetime", 365 * 86_400 + 1, NOT_SO_LONG, id="a second too long"),
        pytest.param("lifetime", "9" * 10, NOT_SO_LONG, id="three hundred years"),
        pytest.param(
            "lifetime", "9" * 400, "The number of days must be between -999999999 and 999999999.", id="400 digits"
        ),
    ],
)
def test_what_is_wrong_with_a_field_is_a_400_that_names_it(client, phone, field, value, complaint):
    answer = by(client, phone, "post", PERSONAL, data={"label": "x", field: value})

    assert whole(answer) == (400, {field: [complaint]}, UNKEPT)
    assert Grant.objects.count() == 1


@pytest.mark.parametrize(("path", "method"), [(PERSONAL, "post"), (None, "patch")])
def test_without_a_name_it_is_a_400(client, phone, path, method):
    assert whole(by(client, phone, method, path or one(phone), data={})) == (400, {"label": [REQUIRED]}, UNKEPT)


@pytest.mark.parametrize(
    ("minutes", "status"),
    [pytest.param(14.9, 201, id="a moment before"), pytest.param(15, 403, id="at fifteen minutes")],
)
def test_it_takes_a_recent_log_in_and_no_refresh_makes_it_younger(client, phone, clock, minutes, status):
    clock.turn(timedelta(minutes=minutes, seconds=-1))
    refreshed = traded(phone)

    answer = by(client, refreshed, "post", PERSONAL, data={"label": "x"})

    assert answer.status_code == status
    if status == 403:
        assert whole(answer) == (403, TOO_OLD, UNKEPT)
        assert Grant.objects.count() == 1


def test_the_site_says_what_is_recent(client, phone, settings, clock):
    settings.TESSERA = {**settings.TESSERA, "RECENT_LOGIN": timedelta(minutes=1)}

    recent = by(client, phone, "post", PERSONAL, data={"label": "x"})
    clock.turn(timedelta(minutes=1))
    late = by(client, phone, "post", PERSONAL, data={"label": "x"})

    assert (recent.status_code, late.status_code) == (201, 403)


def test_a_limit_counts_them(client, phone, settings):
    settings.TESSERA = {**settings.TESSERA, "LIMITS": {"personal": (1, "refuse")}}

    answers = [by(client, phone, "post", PERSONAL, data={"label": "x"}) for _ in range(2)]

    refused = {
        "detail": "The limit of live tokens of the kind personal is 1, and is reached. "
        "End one of them, then try again.",
        "code": "access_denied",
    }
    assert (answers[0].status_code, whole(answers[1])) == (201, (403, refused, UNKEPT))


@pytest.mark.django_db(transaction=True)
def test_a_limit_that_evicts_ends_the_oldest(client, phone, settings):
    settings.TESSERA = {**settings.TESSERA, "LIMITS": {"personal": (1, "evict")}}

    first, second = (by(client, phone, "post", PERSONAL, data={"label": "x"}).json()["token"] for _ in range(2))

    assert (opens(first), opens(second)) == (False, True)


class NoPersonal(Policy):
    def judge(self, ask, now):
        if ask.kind == Kind.PERSONAL:
            raise NotAllowed("Not here.")
        return super().judge(ask, now)


def test_the_policy_may_say_no(client, phone, settings):
    settings.TESSERA = {**settings.TESSERA, "POLICY": f"{__name__}.NoPersonal"}

    answer = by(client, phone, "post", PERSONAL, data={"label": "x"})

    assert whole(answer) == (403, {"detail": "Not here.", "code": "access_denied"}, UNKEPT)


# Any of them


def every_request(issued):
    return [
        ("get", TOKENS, {}),
        ("patch", one(issued), {"label": "x"}),
        ("post", PERSONAL, {"label": "x"}),
        ("post", OTHERS, {}),
        ("delete", one(issued), {}),
        ("post", ALL, {}),
    ]


@pytest.mark.django_db(transaction=True)
def test_a_database_that_does_not_answer_is_a_503_and_nothing_has_happened(client, phone):
    before = list(Grant.objects.values())

    def refuse(execute, sql, params, many, context):
        raise OperationalError("the database is away")

    with connection.execute_wrapper(refuse):
        answers = [whole(by(client, phone, method, path, data=sent)) for method, path, sent in every_request(phone)]

    down = {
        "detail": "The service is not available for the moment. Try again.",
        "code": "temporarily_unavailable",
    }
    assert answers == [(503, down, UNKEPT | {"Retry-After": "5"})] * 6
    assert list(Grant.objects.values()) == before


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("place", range(6))
def test_a_database_that_goes_away_half_way_is_a_503_and_nothing_has_happened(client, phone, place):
    method, path, sent = every_request(phone)[place]
    before = list(Grant.objects.values())

    def refuse(execute, sql, params, many, context):
        # What has been read by then is the token, its sign-in, and more.
        if sql.startswith(("UPDATE", "INSERT")) or " ORDER BY " in sql.partition("LIMIT 101")[0]:
            raise OperationalError("the database is away")
        return execute(sql, params, many, context)

    client.get("/whoami/", headers=bearing(phone.secret))  # Its first use is written down.
    before = list(Grant.objects.values())
    with connection.execute_wrapper(refuse):
        answer = by(client, phone, method, path, data=sent)

    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert list(Grant.objects.values()) == before


@hostile.worlds
def test_a_hostile_default_of_the_site_changes_nothing(world, user, phone, eve):
    with world() as client:
        client.force_login(eve)
        answers = [
            by(client, phone, method, path, data=sent).status_code for method, path, sent in every_request(phone)
        ]
        without = client.get(TOKENS)

    assert answers == [200, 200, 201, 200, 204, 401]
    assert (without.status_code, without["WWW-Authenticate"]) == (401, 'Bearer realm="api"')


@pytest.mark.parametrize("path", [TOKENS, OTHERS, ALL, PERSONAL])
def test_json_is_all_that_is_spoken(client, phone, path):
    answer = client.get(path, headers={**bearing(phone.secret), "Accept": "text/html"})

    refused = {"detail": "Could not satisfy the request Accept header.", "code": "not_acceptable"}
    assert whole(answer) == (406, refused, UNKEPT)


def test_a_link_to_a_page_says_nothing_of_a_credential(client, user, phone):
    for _ in range(101):
        issue(Ask(subject=user))

    link = by(client, phone, "get", f"{TOKENS}?x=1").json()["next"]

    assert (urlsplit(link).path, phone.secret[-59:-16] in link) == (TOKENS, False)
    assert json.dumps(link)
