"""What a site's receivers are told."""

import logging
import re

import pytest

from tessera import Purpose, TesseraError, issue, replace, revoke, verify
from tessera.engine.policy import Ask
from tessera.engine.revocation import revoke_presented
from tessera.errors import Revoked, WrongPurpose
from tessera.models import Grant
from tessera.signals import token_issued, token_refused, token_replaced, token_revoked
from tests.recording import listening

ACCEPT = {Purpose.PERSONAL}


def test_a_receiver_is_told_of_a_new_token(user):
    with listening(token_issued) as told:
        issued = issue(Ask(subject=user))

    assert told == [(Grant, {"grant": issued.grant})]


def test_a_receiver_is_told_of_a_replaced_token(hand_out):
    issued = hand_out()

    with listening(token_replaced) as told:
        replaced = replace(issued.secret, accept=ACCEPT)

    assert told == [(Grant, {"grant": replaced.grant})]


def test_a_receiver_is_told_which_tokens_ended_and_why(user, hand_out):
    one, presented, kept, *_ = [hand_out(client="phone") for _ in range(5)]

    with listening(token_revoked) as told:
        revoke(one.grant, reason="lost")
        revoke_presented(presented.secret, accept=ACCEPT, reason="logout")
        revoke(subject=user, client="phone", keep=kept.grant, reason="others")
        revoke(subject=user, client="phone", reason="theft")
        revoke(subject=user, client="phone", reason="once more, and nothing ends")

    by_id, of_phone = {"subject_id": None, "client": None, "kept": None}, {"subject_id": user.pk, "client": "phone"}
    assert told == [
        (Grant, {"ended": 1, "reason": "lost", "grant_ids": [one.grant.pk], **by_id}),
        (Grant, {"ended": 1, "reason": "logout", "grant_ids": [presented.grant.pk], **by_id}),
        (Grant, {"ended": 2, "reason": "others", "grant_ids": [], **of_phone, "kept": kept.grant.pk}),
        (Grant, {"ended": 1, "reason": "theft", "grant_ids": [], **of_phone, "kept": None}),
    ]


@pytest.mark.parametrize(
    ("reason", "refuse"),
    [
        pytest.param(
            Revoked, lambda issued: revoke(issued.grant) and verify(issued.secret, accept=ACCEPT), id="by verify"
        ),
        pytest.param(
            Revoked, lambda issued: revoke(issued.grant) and replace(issued.secret, accept=ACCEPT), id="by replace"
        ),
        pytest.param(WrongPurpose, lambda issued: verify(issued.secret, accept=()), id="at another door"),
        pytest.param(WrongPurpose, lambda issued: revoke_presented(issued.secret, accept=()), id="ended at another"),
    ],
)
def test_receivers_and_the_log_are_told_why_a_token_was_refused(hand_out, caplog, reason, refuse):
    caplog.set_level("INFO", logger="tessera.audit")
    issued = hand_out()

    with listening(token_refused) as told, pytest.raises(reason):
        refuse(issued)

    [(sender, what)] = told
    assert (sender, what["grant_id"], type(what["error"])) == (Grant, issued.grant.pk, reason)
    assert caplog.messages[-1] == f"refused {issued.grant.hint}: {reason.__name__}"


@pytest.mark.parametrize(
    ("verb", "said"),
    [
        pytest.param(
            lambda issued: issue(Ask(subject=issued.grant.subject, client="phone")),
            r"issued tsr_[0-9a-f]{8} kind=personal subject={user} client='phone'",
            id="issue",
        ),
        pytest.param(lambda issued: replace(issued.secret, accept=ACCEPT), "replaced {hint}", id="replace"),
        pytest.param(lambda issued: revoke(issued.grant), "revoked 1 reason='revoked' {hint}", id="revoke"),
        pytest.param(
            lambda issued: revoke(subject=issued.grant.subject, client="app"),
            "revoked 1 reason='revoked' subject={user} client='app'",
            id="revoke all of a user",
        ),
    ],
)
def test_the_log_is_told_what_was_done(hand_out, caplog, verb, said):
    issued = hand_out(client="app")
    caplog.set_level("INFO", logger="tessera.audit")
    caplog.clear()

    verb(issued)

    expected = said.replace("{user}", str(issued.grant.subject_id)).replace("{hint}", issued.grant.hint)
    assert [re.fullmatch(expected, message) is not None for message in caplog.messages] == [True], caplog.messages


def test_what_was_not_minted_here_is_told_to_nobody(hand_out):
    spoilt = hand_out().secret[:-1]

    with listening(token_refused) as told, pytest.raises(TesseraError):
        verify(spoilt, accept=ACCEPT)

    assert told == []


def test_a_receiver_that_fails_changes_nothing_and_tells_no_secret(user, caplog):
    def failing(**_):
        raise RuntimeError("the mail server is away")

    caplog.set_level(logging.DEBUG)
    token_issued.connect(failing)
    try:
        issued = issue(Ask(subject=user))
    finally:
        token_issued.disconnect(failing)

    assert verify(issued.secret, accept=ACCEPT).subject == user
    assert "the mail server is away" in caplog.text
    assert issued.secret not in caplog.text
