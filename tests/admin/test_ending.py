"""A token ends in the admin by being revoked, or with its user; it is never edited, and never deleted by itself."""

import logging
import re
from datetime import timedelta
from uuid import UUID

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from tessera import Purpose, revoke, verify
from tessera.engine.rows import storage
from tessera.engine.rows.storage import quoted
from tessera.errors import Revoked
from tessera.models import Grant, Kind
from tessera.signals import token_revoked
from tests.admin import SECRET, TOKENS, root, staff
from tests.credentials import traded

DAY = timedelta(days=1)
ACTION = {"action": "revoke_selected"}
USERS = "/admin/auth/user/"


def test_tokens_are_revoked_in_one_statement(hand_out):
    leaked, lost, kept = (hand_out(label=label) for label in ("leaked", "lost", "kept"))
    client = staff("tessera.change_grant")

    with CaptureQueriesContext(connection) as queries:
        answer = client.post(TOKENS, {**ACTION, "_selected_action": [leaked.grant.pk, lost.grant.pk]}, follow=True)

    for issued in (leaked, lost):
        with pytest.raises(Revoked, match="admin"):
            verify(issued.secret, accept={Purpose.PERSONAL})
    assert verify(kept.secret, accept={Purpose.PERSONAL}).grant_id == kept.grant.pk
    assert sum(f"UPDATE {quoted('tessera_grant')}" in query["sql"] for query in queries) == 1
    assert "2 tokens were revoked." in answer.text


def test_who_revoked_a_token_is_written_down(hand_out):
    token = hand_out().grant
    client = staff("tessera.change_grant")

    client.post(TOKENS, {**ACTION, "_selected_action": token.pk})

    entry = LogEntry.objects.get()
    assert (entry.user.username, entry.object_id, entry.object_repr, entry.get_change_message()) == (
        "clerk",
        str(token.pk),
        token.hint,
        "Revoked.",
    )


def test_what_had_ended_before_is_left_alone(clock, hand_out):
    token = hand_out().grant
    revoke(token, reason="logout")

    answer = root().post(TOKENS, {**ACTION, "_selected_action": token.pk}, follow=True)

    assert Grant.objects.get().revoked_reason == "logout"
    assert "0 tokens were revoked." in answer.text
    assert not LogEntry.objects.exists()


def test_more_tokens_than_one_statement_takes_are_revoked_all_the_same(hand_out, monkeypatch):
    monkeypatch.setattr(storage, "BATCH", 2)
    tokens = [hand_out().grant for _ in range(5)]

    answer = root().post(TOKENS, {**ACTION, "_selected_action": tokens[0].pk, "select_across": "1"}, follow=True)

    assert "5 tokens were revoked." in answer.text
    assert not Grant.objects.filter(revoked_at=None).exists()


def test_if_the_storage_fails_half_way_the_page_says_how_far_it_came(hand_out, monkeypatch):
    monkeypatch.setattr(storage, "BATCH", 1)
    tokens, client, seen = [hand_out().grant for _ in range(2)], root(), []

    def fail_at_the_second(execute, sql, params, many, context):
        if sql.startswith(f"UPDATE {quoted('tessera_grant')}"):
            seen.append(sql)
            if len(seen) == 2:
                raise OperationalError("too long waited for a lock")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(fail_at_the_second):
        answer = client.post(TOKENS, {**ACTION, "_selected_action": [token.pk for token in tokens]}, follow=True)

    assert "The service is not available for the moment. Try again." in answer.text
    assert "1 token was revoked." in answer.text
    [ended] = Grant.objects.exclude(revoked_at=None)
    assert [entry.object_repr for entry in LogEntry.objects.all()] == [ended.hint]


def test_nobody_hears_of_a_revocation_that_could_not_be_written_down(hand_out):
    token, client, heard = hand_out().grant, root(), []

    def listen(**told):
        heard.append(told)

    def lose_the_log(execute, sql, params, many, context):
        if sql.startswith(f"INSERT INTO {quoted('django_admin_log')}"):
            raise OperationalError("too long waited for a lock")
        return execute(sql, params, many, context)

    token_revoked.connect(listen)
    try:
        with connection.execute_wrapper(lose_the_log):
            client.post(TOKENS, {**ACTION, "_selected_action": token.pk})
    finally:
        token_revoked.disconnect(listen)

    assert (heard, Grant.objects.get().revoked_at) == ([], None)


def test_who_may_only_look_has_no_action(hand_out):
    issued = hand_out()
    client = staff("tessera.view_grant", "tessera.add_grant", "tessera.delete_grant")

    page = client.get(TOKENS)
    client.post(TOKENS, {**ACTION, "_selected_action": issued.grant.pk})

    assert '<select name="action"' not in page.text
    assert verify(issued.secret, accept={Purpose.PERSONAL}).grant_id == issued.grant.pk


@pytest.mark.parametrize("path", ["{token}/change/", "{token}/delete/"])
def test_nobody_edits_or_deletes_a_token(hand_out, path):
    token = hand_out(label="laptop").grant
    before = Grant.objects.values().get()

    answer = root().post(TOKENS + path.format(token=token.pk), {"label": "mine", "subject": "1", "post": "yes"})

    assert answer.status_code == 403
    assert Grant.objects.values().get() == before


def test_no_page_offers_to_delete_a_token(hand_out):
    token = hand_out().grant
    client = root()

    pages = [client.get(TOKENS), client.get(f"{TOKENS}{token.pk}/change/")]
    client.post(TOKENS, {"action": "delete_selected", "_selected_action": token.pk, "post": "yes"})

    assert not any("/delete/" in page.text for page in pages)
    assert "delete_selected" not in pages[0].text
    assert Grant.objects.exists()


def test_the_page_of_a_token_tells_everything_and_lets_nothing_be_changed(scopes, hand_out):
    token = hand_out(label="laptop", client="cli", scope=frozenset({"tracks:read"})).grant

    page = root().get(f"{TOKENS}{token.pk}/change/").text

    for told in (
        token.hint,
        str(token.pk),
        "ada",
        "laptop",
        "cli",
        "tracks:read",
        "personal token",
        "live",
        token.pepper,
    ):
        assert told in page
    assert 'name="_save"' not in page
    assert 'name="label"' not in page


def test_the_page_of_a_pair_tells_when_it_was_refreshed_and_when_it_ends_at_the_latest(settings, clock, hand_out):
    settings.TIME_ZONE = "UTC"
    pair = hand_out(kind=Kind.SIGN_IN, may_refresh=True, lifetime=40 * DAY)
    clock.turn(DAY)
    traded(pair)

    page = root().get(f"{TOKENS}{pair.grant.pk}/change/").text

    told = dict(re.findall(r"<label>([^<]+):</label>\s*<div class=\"readonly\">([^<]*)</div>", page))
    assert (told["Refreshed"], told["Ends"], told["Ends at the latest"]) == (
        "Nov. 24, 2026, noon",
        "Dec. 24, 2026, noon",
        "Jan. 2, 2027, noon",
    )


def test_a_token_that_is_not_there_is_no_crash(user):
    client = root()

    answers = [client.get(f"{TOKENS}{key}/change/") for key in (UUID(int=1), "x", "9" * 40, "%00")]

    assert {answer.status_code for answer in answers} == {302}


DELETE_USERS = ["auth.delete_user", "auth.view_user"]


@pytest.mark.parametrize(
    "browser",
    [
        pytest.param(root, id="a superuser"),
        pytest.param(lambda: staff(*DELETE_USERS), id="who may do nothing with tokens"),
        pytest.param(lambda: staff(*DELETE_USERS, "tessera.view_grant"), id="who may see tokens"),
        pytest.param(
            lambda: staff(*DELETE_USERS, "tessera.delete_grant"), id="who holds the permission to delete tokens"
        ),
    ],
)
def test_a_user_is_deleted_with_all_tokens(user, hand_out, browser):
    tokens, client = [hand_out().grant for _ in range(2)], browser()

    confirmation = client.get(f"{USERS}{user.pk}/delete/")
    client.post(f"{USERS}{user.pk}/delete/", {"post": "yes"})

    assert all(token.hint in confirmation.text for token in tokens)
    assert not User.objects.filter(pk=user.pk).exists()
    assert not Grant.objects.exists()


@pytest.mark.parametrize("browser", [root, lambda: staff(*DELETE_USERS)], ids=["a superuser", "a clerk"])
def test_users_are_deleted_in_bulk_with_all_tokens(user, hand_out, browser):
    charles = User.objects.create_user("charles")
    hand_out(), hand_out(subject=charles)
    form = {"action": "delete_selected", "_selected_action": [user.pk, charles.pk], "post": "yes"}

    browser().post(USERS, form)

    assert not User.objects.filter(username__in=["ada", "charles"]).exists()
    assert not Grant.objects.exists()


def test_who_may_not_delete_users_does_not_delete_them_for_having_tokens(user, hand_out):
    hand_out()

    answer = staff("auth.view_user", "tessera.delete_grant").post(f"{USERS}{user.pk}/delete/", {"post": "yes"})

    assert answer.status_code == 403
    assert Grant.objects.exists()


def test_no_page_holds_a_secret_or_what_is_kept_of_one(user, hand_out, caplog):
    caplog.set_level(logging.DEBUG)
    issued, client = traded(hand_out(kind=Kind.SIGN_IN, may_refresh=True)), root()
    row = f"{TOKENS}{issued.grant.pk}/"
    client.post(TOKENS, {**ACTION, "_selected_action": issued.grant.pk})
    stored = Grant.objects.get()

    pages = [
        client.get(page).text
        for page in (
            "/admin/",
            TOKENS,
            f"{TOKENS}?q=ada",
            f"{row}change/",
            f"{row}history/",
            f"{USERS}{user.pk}/change/",
            f"{USERS}{user.pk}/delete/",
        )
    ]

    text = "".join(pages) + caplog.text
    assert all(issued.grant.hint in page for page in pages if page is not pages[-2])
    assert not SECRET.search(text)
    for column in ("access_digest", "previous_access_digest", "refresh_digest", "nonce", "fingerprint"):
        kept = getattr(stored, column)
        assert bytes(kept).hex() not in text
        assert str(bytes(kept)) not in text
