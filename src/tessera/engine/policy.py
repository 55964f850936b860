"""What a token is asked for, and the terms on which the site's policy grants it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from django.contrib.auth.base_user import AbstractBaseUser
from django.utils.module_loading import import_string

from tessera.conf import Lifetime, current
from tessera.errors import InvalidAsk, NotAllowed
from tessera.format.opaque import Purpose
from tessera.models import LONGEST, Kind

PURPOSES = MappingProxyType(
    {
        Kind.SIGN_IN: Purpose.ACCESS,
        Kind.PERSONAL: Purpose.PERSONAL,
        Kind.MACHINE: Purpose.ACCESS,
        Kind.ADOPTED: Purpose.ACCESS,
    }
)
"""The purpose of what is minted, for each kind of grant: for an adopted one, of what its key is replaced by."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ask:
    """A request for a token: for whom, of which kind, how far it may go and for how long."""

    subject: AbstractBaseUser | None
    """The user for whom the token will speak, or `None` for a machine that acts for no user."""

    kind: Kind = Kind.PERSONAL
    client: str = ""
    """The software that will use it (RFC 6749 §2)."""

    label: str = ""
    """What the user calls it, such as "laptop"."""

    scope: frozenset[str] = frozenset()
    """What the token may be used for, in words that the service defines, such as `{"read", "write"}`."""

    lifetime: Lifetime | None = None
    """How long the token will live: `None` for the site's `TOKEN_LIFETIME`, `"never"` for a token without an end."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """The terms on which a token is granted."""

    purpose: Purpose
    ends_at: datetime | None
    bound: bool
    """Whether it ends when the subject's password changes."""


class Policy:
    """The site's rules. To change one, subclass and name the class in the setting `POLICY`."""

    def judge(self, ask: Ask, now: datetime) -> Terms:
        """Return the terms for `ask`, whose form has been checked and whose subject is active.

        Raises:
            InvalidAsk: what is asked for makes no sense.
            NotAllowed: this subject may not have it.
        """
        settings = current()
        return Terms(
            purpose=PURPOSES[Kind(ask.kind)],
            ends_at=_end(settings.TOKEN_LIFETIME if ask.lifetime is None else ask.lifetime, now),
            bound=ask.subject is not None and ask.kind not in settings.UNBOUND_KINDS,
        )


def judge(ask: Ask, now: datetime) -> Terms:
    """Check the form of `ask`, then let the site's policy decide."""
    _prove(ask)
    policy: Policy = import_string(current().POLICY)()
    return policy.judge(ask, now)


def _prove(ask: Ask) -> None:
    if not isinstance(ask, Ask):
        raise TypeError("issue() takes an Ask: issue(Ask(subject=user)).")
    if ask.kind not in Kind.values:
        raise InvalidAsk(f"There is no kind {ask.kind!r} of token. There are: {', '.join(Kind.values)}.")
    if ask.subject is None and ask.kind != Kind.MACHINE:
        raise InvalidAsk("Only a machine token can do without a user.")
    if ask.subject is not None and ask.subject.pk is None:
        raise InvalidAsk("The user is not saved yet.")
    if ask.subject is not None and not ask.subject.is_active:
        raise NotAllowed("The user is not active.")
    for name, longest in LONGEST.items():
        value = getattr(ask, name)
        if len(value) > longest or "\x00" in value:
            raise InvalidAsk(f"The {name} must be text of at most {longest} characters, without NUL.")


def _end(lifetime: Lifetime, now: datetime) -> datetime | None:
    if lifetime == "never":
        return None
    if not isinstance(lifetime, timedelta) or lifetime <= timedelta(0):  # type: ignore[redundant-expr]
        raise InvalidAsk('A lifetime is a positive span, or "never".')
    try:
        return now + lifetime
    except OverflowError as error:
        raise InvalidAsk('A lifetime that long is "never".') from error
