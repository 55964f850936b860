"""All that can happen to a token: each is told once, to receivers and to the log, and never with a secret."""

import logging
from contextlib import ExitStack, contextmanager, suppress
from datetime import timedelta

import pytest
from django.db import transaction
from django.dispatch import Signal

from tessera import Ask, Kind, Purpose, TesseraError, issue, replace, revoke, signals, verify
from tessera.drf.login import log_in
from tessera.engine.adoption.key import adopt
from tessera.models import Grant
from tests.credentials import traded
from tests.processes import python
from tests.racing import meanwhile
from tests.recording import audited, listening
from tests.traces import traces

EVERY = frozenset(Purpose)
SIGNALS = {name: signal for name, signal in vars(signals).items() if isinstance(signal, Signal)}
AWHILE = timedelta(minutes=1)
TYPED = "hunter2-and-more"

HOSTILE = "x\r\nissued tsr_00000000 kind=personal subject=1 client='\x1b[2J\u2028"
"""Two lines for one, and something for a terminal to do."""

# What is told of is committed, and a refresh marks its pair as seen at a commit.
pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def telling(receiver):
    """Whatever is told meanwhile, by whichever signal, is told to `receiver`."""
    for signal in SIGNALS.values():
        signal.connect(receiver)
    try:
        yield
    finally:
        for signal in SIGNALS.values():
            signal.disconnect(receiver)


def pair(user, **ask):
    return issue(Ask(subject=user, kind=Kind.SIGN_IN, may_refresh=True, **ask))


def refresh(user, clock):
    traded(pair(user))


def refresh_in_two_tabs(user, clock):
    first = pair(user)
    traded(first)
    traded(first)


def lose_the_answer(user, clock):
    first = pair(user)
    traded(first)
    clock.turn(AWHILE)
    traded(first)


def steal(user, clock):
    first = pair(user)
    traded(traded(first))
    for _ in range(2):
        with suppress(TesseraError):
            traded(first)


def present_for_another_client(user, clock):
    with suppress(TesseraError):
        traded(pair(user), client="tablet")


def end_twice(user, clock):
    grant = pair(user).grant
    revoke(grant)
    revoke(grant)


def take_over(user, clock):
    adopt("ada-chose-this-key", user)


@pytest.mark.parametrize(
    ("act", "events", "lines"),
    [
        pytest.param(take_over, ["issued"], ["adopted"], id="a key is adopted"),
        pytest.param(refresh, ["issued", "refreshed"], ["issued"], id="a refresh"),
        pytest.param(refresh_in_two_tabs, ["issued", "refreshed"], ["issued"], id="two tabs refresh"),
        pytest.param(
            lose_the_answer, ["issued", "refreshed", "refreshed"], ["issued", "forked"], id="an answer is lost"
        ),
        pytest.param(
            steal,
            ["issued", "refreshed", "refreshed", "revoked", "reuse_detected", "refused", "refused"],
            ["issued", "revoked", "reuse", "refused", "refused"],
            id="a traded token comes back, twice",
        ),
        pytest.param(present_for_another_client, ["issued", "refused"], ["issued", "refused"], id="another client"),
        pytest.param(end_twice, ["issued", "revoked"], ["issued", "revoked", "revoked"], id="an end, twice"),
    ],
)
def test_each_is_told_once_and_in_this_order(user, clock, caplog, act, events, lines):
    caplog.set_level("INFO", logger="tessera.audit")
    told: list[Signal] = []

    def receiver(signal, **_):
        told.append(signal)

    with telling(receiver):
        act(user, clock)

    names = {signal: name.removeprefix("token_") for name, signal in SIGNALS.items()}
    assert [names[signal] for signal in told] == events
    assert [line.split()[0] for line in audited(caplog)] == lines


def test_a_reuse_is_a_warning_and_says_of_which_grant_and_how_it_showed(user, clock, caplog):
    caplog.set_level("INFO", logger="tessera.audit")

    steal(user, clock)

    hint = Grant.objects.get().hint
    assert [(level, line) for _, level, line in caplog.record_tuples][1:4] == [
        (logging.INFO, f"revoked 1 reason='reuse' {hint}"),
        (logging.WARNING, f"reuse {hint}: reuse subject={user.pk} client=''"),
        (logging.INFO, f"refused {hint}: Reused"),
    ]


def test_what_a_receiver_is_told_has_happened_for_everybody(user, clock):
    seen = []

    def look(**_):
        """As another server does."""
        seen.append(meanwhile(lambda: Grant.objects.values_list("generation", "revoked_reason").get()))

    with telling(look):
        steal(user, clock)

    assert seen == [(0, ""), (1, ""), (2, ""), *[(2, "reuse")] * 4]


def test_in_a_transaction_a_receiver_is_told_at_once_and_may_wait_for_the_commit(user):
    told = []

    def receiver(**_):
        told.append("told")
        transaction.on_commit(lambda: told.append("committed"))

    with telling(receiver):
        for rolls_back in (True, False):
            with transaction.atomic():
                issue(Ask(subject=user))
                told.append("still in it")
                transaction.set_rollback(rolls_back)

    assert told == ["told", "still in it", "told", "still in it", "committed"]
    assert Grant.objects.count() == 1


def everything(user, clock, **names):
    """All that can happen to a token, and the secrets of it."""
    first = pair(user, **names)
    second = traded(first)
    clock.turn(AWHILE)
    third = traded(first)
    lone, adopted = issue(Ask(subject=user, **names)), adopt("ada-chose-this-key", user)
    fresh = replace(lone.secret, accept=EVERY)
    verify(fresh.secret, accept=EVERY)
    revoke(fresh.grant, reason=names.get("label", "lost"))
    revoke(subject=user, client=names.get("client"), reason=names.get("label", "lost"))
    fourth = pair(user, **names)
    fifth = traded(fourth)
    traded(fifth)
    for refused in (fourth, fourth, third, second):
        with pytest.raises(TesseraError):
            traded(refused)
    for secret in (fresh.secret, lone.secret, third.secret):
        with pytest.raises(TesseraError):
            verify(secret, accept=EVERY)
    assert log_in(None, names.get("label", "ada"), TYPED) is None
    pairs = (first, second, third, fourth, fifth)
    return [each.secret for each in (*pairs, lone, fresh, adopted)] + [str(each.refresh_secret) for each in pairs]


def shown(value):
    """What a receiver may write down of what it was given."""
    return f"{value} {value!r} {getattr(value, '__dict__', '')!r} {getattr(value, 'args', '')!r}"


def test_no_signal_carries_a_secret(user, clock):
    with ExitStack() as stack:
        told = {name: stack.enter_context(listening(signal)) for name, signal in SIGNALS.items()}
        secrets = everything(user, clock)

    assert [name for name, calls in told.items() if not calls] == []
    payloads = [(name, key, value) for name, calls in told.items() for _, what in calls for key, value in what.items()]
    assert {
        (name, key, trace) for name, key, value in payloads for trace in traces(shown(value), *secrets, TYPED)
    } == set()


def test_no_line_of_the_log_has_a_secret_or_is_two_whatever_a_stranger_chose_as_a_name(user, clock, caplog):
    caplog.set_level("DEBUG", logger="tessera")

    secrets = everything(user, clock, client=HOSTILE[:64], label=HOSTILE)

    lines = audited(caplog)
    assert {line.split()[0] for line in lines} == {
        "issued", "adopted", "replaced", "revoked", "refused", "forked", "reuse", "login",
    }  # fmt: skip
    assert [line for line in lines if not line.isprintable()] == []
    assert any(repr(HOSTILE[:64]) in line for line in lines)
    assert traces("\n".join(lines), *secrets, TYPED) == set()


SITE = """
import django
from django.conf import settings
settings.configure(
    SECRET_KEY="only ever used here",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "tessera"],
    LOGGING=%s,
)
django.setup()
from django.contrib.auth.models import User
from django.core.management import call_command
from tessera import Ask, Kind, Purpose, TesseraError, issue, redeem
call_command("migrate", verbosity=0)
user = User.objects.create_user("ada")
first = issue(Ask(subject=user, kind=Kind.SIGN_IN, may_refresh=True))
second = redeem(first.refresh_secret, accept={Purpose.REFRESH})
redeem(second.refresh_secret, accept={Purpose.REFRESH})
try:
    redeem(first.refresh_secret, accept={Purpose.REFRESH})
except TesseraError:
    pass
"""


@pytest.mark.parametrize(
    ("configured", "begins"),
    [
        pytest.param({}, ["reuse"], id="nobody configured a log"),
        pytest.param(
            {
                "version": 1,
                "disable_existing_loggers": False,
                "handlers": {"stderr": {"class": "logging.StreamHandler"}},
                "loggers": {"tessera": {"handlers": ["stderr"], "level": "INFO"}},
            },
            ["issued", "revoked", "reuse", "refused"],
            id="as the page says",
        ),
    ],
)
def test_a_site_that_configured_no_log_hears_of_a_reuse_and_one_that_did_of_all(configured, begins):
    done = python("-c", SITE % configured)

    assert [line.split()[0] for line in done.stderr.splitlines()] == begins
