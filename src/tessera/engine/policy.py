"""What may be had: the ask, and the terms on which it is granted."""

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
    {Kind.SIGN_IN: Purpose.ACCESS, Kind.PERSONAL: Purpose.PERSONAL, Kind.MACHINE: Purpose.ACCESS}
)
"""Which purpose the secret of each kind of grant has."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ask:
    """What somebody would like to have."""

    subject: AbstractBaseUser | None
    """The user for whom the token will speak; `None` for a machine that is nobody."""

    kind: Kind = Kind.PERSONAL
    client: str = ""
    """The software it is spoken through (RFC 6749 §2)."""

    label: str = ""
    """What the user calls it, such as "laptop"."""

    scope: frozenset[str] = frozenset()
    lifetime: Lifetime | None = None
    """`"never"` ends never; `None` leaves it to the site's `TOKEN_LIFETIME`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """What is had."""

    purpose: Purpose
    ends_at: datetime | None
    bound: bool
    """Whether it ends when the subject's password changes."""


class Policy:
    """The site's rules. To change one, subclass and name the class in the setting `POLICY`."""

    def judge(self, ask: Ask, now: datetime) -> Terms:
        """The terms for `ask`, which makes sense and whose subject is active.

        Raises:
            InvalidAsk: it makes no sense after all.
            NotAllowed: not for this subject.
        """
        settings = current()
        return Terms(
            purpose=PURPOSES[Kind(ask.kind)],
            ends_at=_end(settings.TOKEN_LIFETIME if ask.lifetime is None else ask.lifetime, now),
            bound=ask.subject is not None and ask.kind not in settings.UNBOUND_KINDS,
        )


def judge(ask: Ask, now: datetime) -> Terms:
    """What the site's policy says of `ask`, if it makes sense at all."""
    _prove(ask)
    policy: Policy = import_string(current().POLICY)()
    return policy.judge(ask, now)


def _prove(ask: Ask) -> None:
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
