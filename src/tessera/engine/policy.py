"""What a token is asked for, and the terms on which the site's policy grants it."""

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from django.contrib.auth.base_user import AbstractBaseUser
from django.utils.module_loading import import_string

from tessera.conf import Lifetime, WhenFull, current, scopes
from tessera.errors import InvalidAsk, InvalidScope, NotAllowed
from tessera.format import scope
from tessera.format.opaque import Purpose
from tessera.models import LONGEST, Kind
from tessera.words import gettext_noop as _

PURPOSES = MappingProxyType(
    {
        Kind.SIGN_IN: Purpose.ACCESS,
        Kind.PERSONAL: Purpose.PERSONAL,
        Kind.MACHINE: Purpose.ACCESS,
        Kind.ADOPTED: Purpose.ACCESS,
        Kind.LETTER: Purpose.LETTER,
    }
)
"""The purpose of what is minted, for each kind of grant: for an adopted one, of what its key is replaced by."""

REFRESHABLE = frozenset({Kind.SIGN_IN})
"""The kinds that may come with a refresh token. A machine signs in again (RFC 6749 §4.4.3)."""

_LATEST = datetime.max.replace(tzinfo=UTC) - timedelta(days=1)
"""The latest end. After it no page could show one: in the zones ahead of UTC it may be past the last date there is."""

LIMITED_KINDS = (Kind.SIGN_IN, Kind.PERSONAL, Kind.MACHINE)
"""The kinds that are counted. A key is adopted once, and then there is no other; a letter opens nothing by itself."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ask:
    """A request for a token: for whom, of which kind, how far it may go and for how long."""

    subject: AbstractBaseUser | None
    """The user for whom the token will speak, or `None` for a machine that acts for no user."""

    kind: Kind = Kind.PERSONAL
    client: str = ""
    """The software that will use it (RFC 6749 §2). Of a letter: where it may be redeemed, and nowhere else."""

    label: str = ""
    """What the user calls it, such as "laptop"."""

    address: str = ""
    agent: str = ""
    """From where it is asked for, and by what software, to be shown to the user. Tell it only if it is to be kept."""

    scope: frozenset[str] | None = None
    """What the token may be used for, in words of the site's `SCOPES`. `None` asks for all that the policy grants."""

    lifetime: Lifetime | None = None
    """How long the token will live: `None` for the site's `TOKEN_LIFETIME`, and for a letter its `LETTER_LIFETIME`;
    `"never"` for a token without an end."""

    idle_lifetime: timedelta | None = None
    """After what time without use it ends before that. `None`: for a sign-in that may be refreshed, the site's
    `REFRESH_LIFETIME`; for any other, its use does not matter."""

    may_refresh: bool = False
    """Whether it comes with a refresh token. Its access token then lives for `access_lifetime` only."""

    access_lifetime: timedelta | None = None
    """How long an access token lives that comes with a refresh token: `None` for the site's `ACCESS_LIFETIME`."""


@dataclass(frozen=True, slots=True)
class Limit:
    """How many live grants of one kind a subject may have, and what becomes of one more."""

    count: int
    when_full: WhenFull
    """`"evict"` ends the oldest for it, `"refuse"` lets nobody in."""

    client: str | None = None
    """Through which client those are that count, of whatever kind, adopted ones too. `None`: those of the kind that is
    asked for, through any client."""

    def __post_init__(self) -> None:
        if self.count < 1:
            raise ValueError("A limit is one or more. To allow none, raise NotAllowed.")


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """The terms on which a token is granted."""

    purpose: Purpose
    ends_at: datetime | None
    """When it ends, however much it is used; `None` for never."""

    bound: bool
    """Whether it ends when the subject's password changes."""

    scope: frozenset[str] = frozenset()
    """What it may be used for. Of that it gets no more than was asked for."""

    idle_lifetime: timedelta | None = None
    """After what time without use it ends before that."""

    access_lifetime: timedelta | None = None
    """How long an access token lives, if there is to be a refresh token."""

    limit: Limit | None = None
    """How many of its kind its subject may have. `None` sets no limit, and nobody without a subject has one."""


class Policy:
    """The site's rules. To change one, subclass and name the class in the setting `POLICY`."""

    def judge(self, ask: Ask, now: datetime) -> Terms:
        """Return the terms for `ask`, whose form has been checked and whose subject is active.

        Before each refresh it is asked again, for what the grant is: then its end and its bond stay as they were, and
        what it no longer grants of the scope has gone for good.

        Raises:
            InvalidAsk: what is asked for makes no sense, such as a scope that the site does not have.
            NotAllowed: this subject may not have it.
        """
        settings = current()
        return Terms(
            purpose=PURPOSES[Kind(ask.kind)],
            ends_at=_end(_usual_lifetime(ask.kind) if ask.lifetime is None else ask.lifetime, now),
            bound=ask.subject is not None and ask.kind not in settings.UNBOUND_KINDS,
            scope=_registered(ask.scope),
            idle_lifetime=ask.idle_lifetime or (settings.REFRESH_LIFETIME if ask.may_refresh else None),
            access_lifetime=(ask.access_lifetime or settings.ACCESS_LIFETIME) if ask.may_refresh else None,
            limit=Limit(*settings.LIMITS[ask.kind]) if ask.kind in settings.LIMITS else None,
        )


def judge(ask: Ask, now: datetime) -> Terms:
    """Check the form of `ask`, then let the site's policy decide."""
    _prove(ask)
    policy: Policy = import_string(current().POLICY)()
    terms = policy.judge(ask, now)
    # Whoever asks for less than everything relies on it: a token that is made by another gets no more than that has.
    return terms if ask.scope is None else replace(terms, scope=terms.scope & ask.scope)


def _registered(asked: frozenset[str] | None) -> frozenset[str]:
    registered = frozenset(scopes())
    if asked is None:
        return registered
    if unknown := asked - registered:
        words = ", ".join(scopes())
        if not words:
            raise InvalidScope(_("%(word)r is no scope of this site: it has none."), word=min(unknown))
        raise InvalidScope(_("%(word)r is no scope of this site: it has %(words)s."), word=min(unknown), words=words)
    return asked


def _prove(ask: Ask) -> None:
    if not isinstance(ask, Ask):
        raise TypeError("issue() takes an Ask: issue(Ask(subject=user)).")
    if ask.kind not in Kind.values:
        raise InvalidAsk(
            _("There is no kind %(kind)r of token. There are: %(kinds)s."), kind=ask.kind, kinds=", ".join(Kind.values)
        )
    if ask.may_refresh and ask.kind not in REFRESHABLE:
        raise InvalidAsk(
            _("Only a token of the kind %(kinds)s comes with a refresh token."), kinds=", ".join(REFRESHABLE)
        )
    if ask.kind == Kind.LETTER and not ask.client:
        raise InvalidAsk(_("A letter needs a client, which says where it may be redeemed."))
    if ask.kind == Kind.LETTER and ask.lifetime == "never":
        raise InvalidAsk(_("A letter has an end: it lies in a mailbox."))
    if ask.idle_lifetime is not None and not _is_span(ask.idle_lifetime):
        raise InvalidAsk(_("An idle lifetime is a positive span, or None."))
    if ask.access_lifetime is not None and not _is_span(ask.access_lifetime):
        raise InvalidAsk(_("An access lifetime is a positive span, or None."))
    scope.join(ask.scope or ())
    if ask.subject is None and ask.kind != Kind.MACHINE:
        raise InvalidAsk(_("Only a machine token can do without a user."))
    if ask.subject is not None and ask.subject.pk is None:
        raise InvalidAsk(_("The user is not saved yet."))
    if ask.subject is not None and not ask.subject.is_active:
        raise NotAllowed(_("The user is not active."))
    for name in LONGEST:
        prove_text(name, getattr(ask, name))


def prove_text(name: str, value: str) -> None:
    """Refuse a text that its column cannot hold."""
    if len(value) > LONGEST[name] or "\x00" in value:
        raise InvalidAsk(
            _("The %(name)s must be text of at most %(most)d characters, without NUL."), name=name, most=LONGEST[name]
        )


def _usual_lifetime(kind: Kind) -> Lifetime:
    return current().LETTER_LIFETIME if kind == Kind.LETTER else current().TOKEN_LIFETIME


def _end(lifetime: Lifetime, now: datetime) -> datetime | None:
    if lifetime == "never":
        return None
    if not _is_span(lifetime):
        raise InvalidAsk(_('A lifetime is a positive span, or "never".'))
    if lifetime > _LATEST - now:
        raise InvalidAsk(_('A lifetime that long is "never".'))
    return now + lifetime


def nearest_end(now: datetime, idle_lifetime: timedelta | None, expires_at: datetime | None) -> datetime | None:
    """When what is used now ends, unless it is used again: the nearer of its idle end and its absolute one."""
    ends = [expires_at]
    if idle_lifetime is not None:
        with suppress(OverflowError):  # Longer than there are dates.
            ends.append(now + idle_lifetime)
    return min((end for end in ends if end is not None), default=None)


def _is_span(value: object) -> bool:
    return isinstance(value, timedelta) and value > timedelta(0)
