"""One signing key follows another, and whoever verifies by the published ones never notices."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from tessera.conf import current
from tessera.engine.signing import keys as signing_keys
from tessera.engine.signing.keys import AT_MOST_EVERY, RELOAD, SLACK, accepted, published, signing_key
from tessera.engine.signing.succession import Standing, make_next, retire, told
from tessera.format.jwk import generate
from tessera.models import LONG_AGO, SigningKey
from tests.racing import at_once, rows_written

HOUR, MINUTE, SECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)
QUARTER = 15 * MINUTE
OLD, NEW = "old-" + "0" * 32, "new-" + "1" * 32

pytestmark = pytest.mark.django_db


class Process:
    """One of those that serve the site. Each knows the keys that it has read itself."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.monkeypatch, self.memory = monkeypatch, dict[str, Any]()

    @contextmanager
    def __call__(self) -> Iterator[None]:
        with self.monkeypatch.context() as patch:
            patch.setattr(signing_keys, "_memory", self.memory)
            yield


@dataclass
class Verifier:
    """Somebody else, who asks for the published keys when those that he has may be kept no longer, and never sooner."""

    asks_at: datetime
    keys: set[str] = field(default_factory=set)


@pytest.fixture
def processes(monkeypatch):
    """Two of them."""
    return Process(monkeypatch), Process(monkeypatch)


def standings(now):
    return [each.standing.value for each in told(now)]


def sign(clock, lifetime=QUARTER):
    """The key that signs a token. A second goes by at that."""
    kid = signing_key(clock(), clock() + lifetime).id
    clock.turn(SECOND)
    return kid


def make_at_once(clock, **of):
    """A key that signs, a second later."""
    row = make_next(clock(), at_once=True, **of)
    clock.turn(SECOND)
    return row


@pytest.mark.parametrize(
    ("lifetime", "max_age"),
    [
        pytest.param(QUARTER, HOUR, id="as it comes"),
        pytest.param(3 * HOUR, 10 * MINUTE, id="tokens that live longer than the keys are kept"),
        pytest.param(MINUTE, 30 * SECOND, id="all of it short"),
    ],
)
def test_through_three_keys_no_verifier_meets_one_that_he_does_not_know(clock, settings, processes, lifetime, max_age):
    settings.TESSERA = {**settings.TESSERA, "JWKS_MAX_AGE": max_age}
    signing, publishing = processes
    step = min(max_age / 40, 15 * SECOND)
    began = clock()
    # Just after a process has read the table: it goes on publishing what was before.
    made_at = [began, *(began + times * max_age + RELOAD + step for times in (2, 4))]
    verifiers = [Verifier(began + place * step) for place in range(max_age // step + 1)]
    ends: dict[str, datetime] = {}
    unknown: list[tuple[timedelta, str]] = []

    while clock() < began + 6 * max_age + 2 * RELOAD + lifetime + 2 * SLACK:
        now = clock()
        if made_at and now >= made_at[0]:
            make_next(made_at.pop(0))
        with signing():
            ends[signing_key(now, now + lifetime).id] = now + lifetime
        living = {kid for kid, end in ends.items() if now < end}
        with publishing():
            shown = {key.id for key in published(now)}
            unknown += [(now - began, "refused here") for kid in living if accepted(kid, now) is None]
        for verifier in verifiers:
            if now >= verifier.asks_at:
                verifier.keys, verifier.asks_at = shown, now + max_age
            if verifier.keys and not living <= verifier.keys:
                unknown.append((now - began, "refused elsewhere"))
        clock.turn(step)

    assert unknown == []
    assert len(ends) == 3
    assert [key.id for key in published(clock())] == [list(ends)[-1]]


def test_a_key_is_published_before_it_signs(clock):
    first = sign(clock)

    row = make_next(clock())

    assert row.signs_from == clock() + current().JWKS_MAX_AGE + RELOAD
    assert {key.id for key in published(clock())} == {first, row.pk}
    assert accepted(row.pk, clock()) is not None
    clock.turn(current().JWKS_MAX_AGE)
    assert sign(clock) == first
    clock.turn(RELOAD)
    assert sign(clock) == row.pk


def test_one_that_is_to_sign_at_once_does(clock):
    first = sign(clock)

    row = make_at_once(clock)

    assert sign(clock) == row.pk
    assert [each.standing for each in told(clock())] == [Standing.SIGNS, Standing.ACCEPTED]
    assert accepted(first, clock()) is not None


def test_the_first_signs_at_once(clock):
    now = clock()

    row = make_next(now)

    assert (row.signs_from, sign(clock)) == (now, row.pk)


@pytest.mark.parametrize("lifetime", [MINUTE, QUARTER, timedelta(days=30)], ids=str)
def test_the_one_before_is_accepted_until_the_last_that_it_signed_has_ended(clock, lifetime):
    first = sign(clock)
    row = make_next(clock())
    clock.time = row.signs_from - SECOND
    assert sign(clock, lifetime) == first

    clock.turn(SECOND)
    assert sign(clock) == row.pk
    clock.turn(lifetime)
    at_its_end = accepted(first, clock())
    clock.turn(SLACK)

    assert at_its_end is not None
    assert accepted(first, clock()) is None
    assert [key.id for key in published(clock())] == [row.pk]
    assert standings(clock()) == ["signs", "ended"]


def test_how_long_it_is_accepted_is_written_once_an_hour(clock):
    sign(clock)
    began = clock()

    with rows_written() as written:
        while clock() < began + 10 * HOUR:
            sign(clock)
            clock.turn(10 * SECOND)

    assert len(written) <= 10
    assert SigningKey.objects.get().ends_at >= clock() + QUARTER - 11 * SECOND


def test_a_shorter_token_takes_nothing_from_a_longer_one(clock, processes):
    one, other = processes
    with other():
        sign(clock, MINUTE)
    with one():
        sign(clock, timedelta(days=30))

    clock.turn(SLACK)
    with other():
        sign(clock, MINUTE)

    assert SigningKey.objects.get().ends_at >= clock() + timedelta(days=29)


def test_one_that_signs_no_more_is_still_accepted(clock):
    first = sign(clock)

    retired = retire(first, clock())

    assert retired.successor is not None
    assert sign(clock) == retired.successor.pk
    assert accepted(first, clock()) is not None
    assert first in {key.id for key in published(clock())}
    clock.turn(QUARTER + SLACK)
    assert accepted(first, clock()) is None


def test_one_that_signs_no_more_has_no_private_half_left(clock):
    first = sign(clock)

    retire(first, clock())

    key = accepted(first, clock())
    assert key is not None
    assert key.is_private is False


def test_one_that_leaked_is_accepted_no_more(clock, processes):
    first, elsewhere = sign(clock), processes[1]
    with elsewhere():
        assert accepted(first, clock())

    retired = retire(first, clock(), at_once=True)

    assert accepted(first, clock()) is None
    assert [key.id for key in published(clock())] == [retired.successor and retired.successor.pk]
    assert SigningKey.objects.get(pk=first).sealed == ""
    clock.turn(RELOAD)
    with elsewhere():
        assert accepted(first, clock()) is None


def test_one_that_leaked_is_not_brought_back_by_a_process_that_does_not_know_yet(clock, processes):
    first, elsewhere = sign(clock), processes[1]
    with elsewhere():
        sign(clock)
    retired = retire(first, clock(), at_once=True)

    with elsewhere():
        signed = sign(clock, timedelta(days=30))

    assert signed == (retired.successor and retired.successor.pk)
    assert SigningKey.objects.get(pk=first).ends_at == LONG_AGO


def test_the_next_one_signs_if_the_one_that_signs_is_retired(clock):
    first, row = sign(clock), make_next(clock())

    retired = retire(first, clock())

    assert retired.successor is None
    assert sign(clock) == row.pk


def test_one_that_has_been_followed_never_signs_again(clock):
    first = sign(clock)
    second = make_at_once(clock).pk

    retired = retire(second, clock(), at_once=True)

    assert retired.successor is not None
    assert sign(clock) == retired.successor.pk != first


def test_one_that_is_retired_before_it_signs_never_does(clock):
    first, row = sign(clock), make_next(clock())

    retire(row.pk, clock())
    clock.time = row.signs_from + MINUTE

    assert sign(clock) == first
    assert accepted(row.pk, clock()) is None


@pytest.mark.parametrize("at_once", [False, True])
def test_to_retire_one_twice_changes_nothing(clock, at_once):
    first = sign(clock)
    retire(first, clock(), at_once=at_once)
    before = vars(SigningKey.objects.get(pk=first))
    clock.turn(MINUTE)

    assert retire(first, clock(), at_once=at_once).successor is None

    after = vars(SigningKey.objects.get(pk=first))
    changed = {name for name in before if name != "_state" and before[name] != after[name]}
    assert changed <= {"sealed"}  # Sealed anew, with another nonce.
    assert SigningKey.objects.count() == 2


def test_one_of_another_algorithm_follows(clock):
    sign(clock)

    row = make_at_once(clock, algorithm="RS256")

    assert signing_key(clock(), clock() + QUARTER).algorithm == row.algorithm == "RS256"
    assert {key.algorithm for key in published(clock())} == {"EdDSA", "RS256"}


def test_what_has_long_ended_goes_when_another_is_made(clock):
    first = sign(clock)
    make_at_once(clock)
    sign(clock)
    clock.turn(timedelta(days=1))
    make_at_once(clock)
    assert SigningKey.objects.filter(pk=first).exists()

    clock.turn(current().RETENTION)
    make_at_once(clock)

    assert not SigningKey.objects.filter(pk=first).exists()


def test_one_that_was_made_elsewhere_is_known_in_time(clock, processes):
    one, other = processes
    with other():
        sign(clock)
        accepted("nobody's", clock())
    with one():
        kid = make_at_once(clock).pk

    with other():
        too_soon = accepted(kid, clock())
        clock.turn(AT_MOST_EVERY)
        in_time = accepted(kid, clock())

    assert too_soon is None
    assert in_time is not None


@pytest.mark.django_db(transaction=True)
def test_two_processes_that_make_the_first_at_once_understand_each_other(clock):
    signed = at_once(*[lambda: sign(clock)] * 2)

    assert SigningKey.objects.count() in {1, 2}
    assert all(accepted(kid, clock()) for kid in signed)
    assert {key.id for key in published(clock())} >= set(signed)
    assert sign(clock) == sign(clock)


def test_a_key_that_is_rolled_back_signs_nothing_afterwards(clock):
    with transaction.atomic():
        lost = sign(clock)
        assert accepted(lost, clock())
        transaction.set_rollback(True)

    assert accepted(lost, clock()) is None
    assert sign(clock) != lost


class TestPeppers:
    """Keys are sealed under the newest pepper."""

    @pytest.fixture
    def peppers(self, settings):
        def peppers(*peppers):
            settings.TESSERA = {"PEPPERS": list(peppers)}

        return peppers

    def test_a_new_one_opens_what_the_old_one_sealed(self, clock, peppers):
        peppers(OLD)
        first = sign(clock)

        peppers(NEW, OLD)

        assert sign(clock) == first

    def test_with_the_next_key_those_before_move_to_the_newest(self, clock, peppers):
        peppers(OLD)
        first = sign(clock)
        peppers(NEW, OLD)
        make_next(clock())

        peppers(NEW)

        assert sign(clock) == first
        assert standings(clock()) == ["next", "signs"]

    def test_where_one_is_gone_the_next_key_signs_and_nobody_is_told_of_a_crash(self, clock, peppers):
        peppers(OLD)
        first = sign(clock)
        peppers(NEW)

        second = sign(clock)

        assert second != first
        assert accepted(first, clock()) is None
        assert [key.id for key in published(clock())] == [second]
        assert standings(clock()) == ["signs", "locked"]

    def test_one_that_comes_back_finds_its_keys(self, clock, peppers):
        peppers(OLD)
        first = sign(clock)
        peppers(NEW)
        sign(clock)

        peppers(NEW, OLD)

        assert accepted(first, clock()) is not None

    def test_another_realm_opens_nothing(self, clock, settings):
        first = sign(clock)

        settings.TESSERA = {**settings.TESSERA, "REALM": "staging"}

        assert accepted(first, clock()) is None


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda row, other: {"sealed": other.sealed}, id="the key of another row"),
        pytest.param(lambda row, other: {"sealed": row.sealed[:-4] + "AAAA"}, id="a key that has been changed"),
        pytest.param(lambda row, other: {"sealed": "{}"}, id="a key in clear"),
        pytest.param(lambda row, other: {"pepper": "00000000"}, id="another pepper"),
    ],
)
def test_whoever_writes_the_table_has_no_key_of_his_own_accepted(clock, change):
    first, second = sign(clock), make_at_once(clock)
    row = SigningKey.objects.get(pk=first)

    SigningKey.objects.filter(pk=first).update(**change(row, second))
    clock.turn(RELOAD)

    assert accepted(first, clock()) is None
    assert [key.id for key in published(clock())] == [second.pk]


class TestKeysOfTheSite:
    """Those of `JWT_KEYS`."""

    @pytest.fixture
    def keys(self):
        return [generate("ES256"), generate("EdDSA")]

    @pytest.fixture
    def site(self, settings):
        def site(*keys):
            settings.TESSERA = {**settings.TESSERA, "JWT_KEYS": list(keys)}

        return site

    def test_the_first_signs_and_all_are_accepted(self, clock, site, keys):
        site(*(key.material.as_pem(private=True) for key in keys))

        assert sign(clock) == keys[0].id
        assert [key.id for key in published(clock())] == [key.id for key in keys]
        assert all(accepted(key.id, clock()) for key in keys)
        assert standings(clock()) == ["signs", "accepted"]
        assert not SigningKey.objects.exists()

    def test_a_callable_is_asked_once(self, clock, site, keys):
        asked = []

        def answer():
            asked.append(1)
            return json.dumps(keys[0].material.as_dict(private=True))

        site(answer)

        assert {sign(clock) for _ in range(3)} == {keys[0].id}
        clock.turn(HOUR)
        sign(clock)
        assert asked == [1]

    def test_a_file_is_read(self, clock, site, keys, tmp_path):
        (tmp_path / "jwt.pem").write_bytes(keys[1].material.as_pem(private=True))

        site((tmp_path / "jwt.pem").read_text)

        assert sign(clock) == keys[1].id

    def test_those_of_the_table_sign_no_more_and_are_accepted_as_long_as_something_lives(self, clock, site, keys):
        before = sign(clock)

        site(keys[0].material.as_pem(private=True))

        assert sign(clock) == keys[0].id
        assert accepted(before, clock()) is not None
        clock.turn(QUARTER + SLACK)
        assert accepted(before, clock()) is None

    def test_none_is_made_in_the_table(self, clock, site, keys):
        site(keys[0].material.as_pem(private=True))

        with pytest.raises(LookupError, match="JWT_KEYS"):
            make_next(clock())
        with pytest.raises(LookupError, match="no key of that id"):
            retire(keys[0].id, clock())
