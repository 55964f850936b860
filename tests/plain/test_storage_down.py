"""A storage that does not answer says nothing of a token: the answer is 503, here as at REST framework's door."""

from contextlib import contextmanager

import pytest
from django.db import OperationalError, connection
from django.test import Client

from tests.credentials import bearing

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls("tests.plain.views")]

TRY_AGAIN = {"detail": "The service is not available for the moment. Try again."}


@contextmanager
def lost():
    """A connection that is lost at the first SELECT."""

    def lose(execute, sql, *rest):
        if not sql.startswith("SELECT"):  # SQLite begins a transaction by a statement.
            return execute(sql, *rest)
        connection.connection.close()
        raise OperationalError("the server closed the connection unexpectedly")

    with connection.execute_wrapper(lose):
        yield


@pytest.mark.parametrize("atomic", [False, True])
@pytest.mark.parametrize("path", ["function", "class", "exempt"])
def test_the_answer_is_503_and_the_usual_once_it_is_back(hand_out, monkeypatch, path, atomic):
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", atomic)
    headers = bearing(hand_out().secret)

    with lost():
        answer = Client().get(f"/{path}/", headers=headers)

    assert (answer.status_code, answer.json(), answer["Retry-After"]) == (503, TRY_AGAIN, "5")
    assert "WWW-Authenticate" not in answer
    connection.close()
    assert Client().get(f"/{path}/", headers=headers).status_code == 200


@pytest.mark.parametrize("atomic", [False, True])
def test_a_use_is_written_down_though_each_request_is_a_transaction(hand_out, monkeypatch, atomic):
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", atomic)
    issued = hand_out()

    Client().get("/function/", headers=bearing(issued.secret))

    issued.grant.refresh_from_db()
    assert issued.grant.last_used_at is not None
