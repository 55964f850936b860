"""What a token may be used for: what its site has words for, its policy grants, and its client asked for."""

from dataclasses import replace

import pytest

from tessera import Ask, Kind, Policy, conf, issue, verify
from tessera.engine.adoption.key import adopt
from tessera.errors import InvalidScope
from tessera.models import Grant
from tests.credentials import DOORS

ALL = frozenset({"tracks:read", "tracks:write", "tokens"})
READING = frozenset({"tracks:read"})

pytestmark = pytest.mark.django_db


def scope_of(issued):
    return verify(issued.secret, accept=DOORS).scope


def test_a_site_that_has_scopes_has_one_of_ours(scopes):
    told = {word: str(wording) for word, wording in conf.scopes().items()}

    assert told == {
        "tracks:read": "See your tracks",
        "tracks:write": "Change your tracks",
        "tokens": "See, make and end your tokens",
    }


def test_which_it_may_word_anew(settings):
    settings.TESSERA = {**settings.TESSERA, "SCOPES": {"tokens": "Sign your devices out", "all": "Everything"}}

    assert conf.scopes() == {"tokens": "Sign your devices out", "all": "Everything"}


def test_a_site_that_has_none_has_not_that_one_either(hand_out):
    issued = hand_out()

    assert (conf.scopes(), issued.grant.scope, scope_of(issued)) == ({}, "", frozenset())
    with pytest.raises(InvalidScope, match=r"^'tokens' is no scope of this site: it has none\.$"):
        hand_out(scope=frozenset({"tokens"}))


@pytest.mark.parametrize(
    ("asked", "granted"),
    [
        pytest.param(None, ALL, id="whoever asks for none gets all"),
        pytest.param(READING, READING, id="one"),
        pytest.param(frozenset(), frozenset(), id="nothing at all"),
    ],
)
@pytest.mark.parametrize("kind", [Kind.PERSONAL, Kind.SIGN_IN, Kind.MACHINE])
def test_a_token_gets_what_was_asked_for(scopes, hand_out, kind, asked, granted):
    issued = hand_out(kind=kind, scope=asked)

    assert scope_of(issued) == granted


@pytest.mark.parametrize("word", ["tracks", "tracks:READ", "tracks:read tracks:write", "TOKENS", "*", ""])
def test_a_word_that_the_site_does_not_have_is_refused(scopes, hand_out, word):
    with pytest.raises(InvalidScope):
        hand_out(scope=READING | {word})

    assert not Grant.objects.exists()


def test_an_adopted_key_may_do_what_it_could_before(scopes, user):
    assert scope_of(adopt("0123456789" * 4, user)) == ALL


class ReadersOnly(Policy):
    """Nobody writes, whatever he asks for, and everybody reads, though he may not have asked."""

    def judge(self, ask, now):
        return replace(super().judge(ask, now), scope=READING)


@pytest.mark.parametrize(
    ("asked", "granted"),
    [
        pytest.param(None, READING, id="all"),
        pytest.param(ALL, READING, id="each by its name"),
        pytest.param(frozenset({"tokens"}), frozenset(), id="something else"),
    ],
)
def test_a_policy_narrows_and_never_widens_it(scopes, settings, user, asked, granted):
    settings.TESSERA = {**settings.TESSERA, "POLICY": f"{__name__}.ReadersOnly"}

    issued = issue(Ask(subject=user, scope=asked))

    assert scope_of(issued) == granted
