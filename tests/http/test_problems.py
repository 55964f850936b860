"""How a refusal goes out: one table from error to status, code and words."""

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
    ("arguments", "header"),
    [
        pytest.param(("Bearer", "api"), 'Bearer realm="api"', id="nothing was presented"),
        pytest.param(
            ("Bearer", "api", "invalid_token"), 'Bearer realm="api", error="invalid_token"', id="something was"
        ),
        pytest.param(
            ("Bearer", "api", "insufficient_scope", {"write", "read"}),
            'Bearer realm="api", error="insufficient_scope", scope="read write"',
            id="something with too little scope",
        ),
        pytest.param(("Token", 'the "api"'), r'Token realm="the \"api\""', id="quotes in the realm"),
        pytest.param(("Token", 'a\\", error="x'), r'Token realm="a\\\", error=\"x"', id="a realm that would escape"),
    ],
)
def test_the_challenge_names_the_realm(arguments, header):
    assert challenge(*arguments) == header
