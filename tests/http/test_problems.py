"""How a refusal goes out: one table from error to status, code and words."""

import pickle

import pytest

from tessera import errors
from tessera.http.problems import RETRY_AFTER, Problem, challenge, problem

INVALID = Problem(401, "invalid_token", "Invalid token.")
DOWN = Problem(503, "temporarily_unavailable", "The service is not available for the moment. Try again.", RETRY_AFTER)


@pytest.mark.parametrize(
    ("error", "answer"),
    [
        pytest.param(errors.Malformed("tag"), INVALID, id="not minted here"),
        pytest.param(errors.WrongPurpose("REFRESH"), INVALID, id="minted for another door"),
        pytest.param(errors.Unknown("row"), INVALID, id="its row is gone"),
        pytest.param(errors.Expired(), INVALID, id="expired"),
        pytest.param(errors.Revoked("reuse"), INVALID, id="revoked"),
        pytest.param(errors.SubjectGone(), INVALID, id="its user is gone"),
        pytest.param(errors.PasswordChanged(), INVALID, id="its password was changed"),
        pytest.param(errors.MalformedHeader("Said."), Problem(401, "invalid_token", "Said."), id="unreadable header"),
        pytest.param(errors.InvalidAsk("Said."), Problem(400, "invalid_request", "Said."), id="an ask without sense"),
        pytest.param(errors.InvalidScope("Said."), Problem(400, "invalid_scope", "Said."), id="no such scope"),
        pytest.param(
            errors.InsufficientScope(frozenset({"write", "read"})),
            Problem(403, "insufficient_scope", "This takes a token with the scope read write."),
            id="too little scope",
        ),
        pytest.param(
            errors.NotPresented(),
            Problem(401, "not_authenticated", "Authentication credentials were not provided."),
            id="nothing was presented",
        ),
        pytest.param(errors.CsrfFailed("Said."), Problem(403, "csrf_failed", "Said."), id="a cookie from elsewhere"),
        pytest.param(errors.NotAllowed("Said."), Problem(403, "access_denied", "Said."), id="against the policy"),
        pytest.param(errors.TooMany(7), Problem(429, "too_many_attempts", "Too many attempts.", 7), id="too many"),
        pytest.param(errors.StoreDown("database"), DOWN, id="storage down"),
        pytest.param(errors.SecretGone("Said."), Problem(500, "secret_gone", "Said."), id="our caller's own mistake"),
    ],
)
def test_every_error_has_one_answer(error, answer):
    assert problem(error) == answer


def test_a_new_error_under_a_known_branch_needs_no_line_of_its_own():
    class Stolen(errors.Dead):
        """A leaf that the table does not name."""

    assert problem(Stolen("reason for the log")) == INVALID


@pytest.mark.parametrize(
    ("error", "detail"),
    [
        pytest.param(errors.NotAllowed("No more than %(count)d.", count=3), "Höchstens 3.", id="with a part"),
        pytest.param(errors.NotAllowed("100% is too much."), "100% sind zu viel.", id="with a sign and no part"),
        pytest.param(errors.Expired(), "Ungültig.", id="one answer for all"),
        pytest.param(errors.TooMany(7), "Zu oft.", id="that says when to come back"),
        pytest.param(errors.StoreDown("database"), "Gerade nicht.", id="of the storage"),
        pytest.param(errors.NotAllowed(), "", id="without a word"),
    ],
)
def test_a_door_has_the_words_translated_and_not_the_code(error, detail):
    german = {
        "No more than %(count)d.": "Höchstens %(count)d.",
        "100% is too much.": "100% sind zu viel.",
        "Invalid token.": "Ungültig.",
        "Too many attempts.": "Zu oft.",
        DOWN.detail: "Gerade nicht.",
        "": "",
    }

    answer = problem(error, german.__getitem__)

    assert (answer.detail, answer.code) == (detail, error.code)


def test_to_a_log_an_error_speaks_english_whoever_it_goes_through():
    error = pickle.loads(pickle.dumps(errors.NotAllowed("No more than %(count)d.", count=3)))

    assert (str(error), repr(error)) == ("No more than 3.", "NotAllowed('No more than 3.')")
    assert problem(error).detail == "No more than 3."


@pytest.mark.parametrize(
    ("arguments", "header"),
    [
        pytest.param(("Bearer", "api"), 'Bearer realm="api"', id="nothing was presented"),
        pytest.param(
            ("Bearer", "api", "invalid_token"), 'Bearer realm="api", error="invalid_token"', id="something was"
        ),
        pytest.param(
            ("Bearer", "api", "insufficient_scope", frozenset({"write", "read"})),
            'Bearer realm="api", error="insufficient_scope", scope="read write"',
            id="something with too little scope",
        ),
        pytest.param(("Token", 'the "api"'), r'Token realm="the \"api\""', id="quotes in the realm"),
        pytest.param(("Token", 'a\\", error="x'), r'Token realm="a\\\", error=\"x"', id="a realm that would escape"),
    ],
)
def test_the_challenge_names_the_realm(arguments, header):
    assert challenge(*arguments) == header
