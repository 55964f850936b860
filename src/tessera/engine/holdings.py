"""What a user holds: the live tokens that he may see, name and end, from a sign-in of his.

A sign-in says who it is at the door. But he may have been shut out since, from another device, so what must not come
after that is done while nobody else manages tokens of that user: of two who sign out all others one stays, and
no token is made for somebody who has just been signed out everywhere.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.db.models import QuerySet

from tessera.conf import TOKENS, current, scopes
from tessera.engine.bond import is_bound
from tessera.engine.issuance import Issued, issue, take
from tessera.engine.limits import hold
from tessera.engine.policy import Ask, prove_text
from tessera.engine.revocation import Which, end, ended_for, show_the_end, tell
from tessera.engine.rows.lookup import find, live
from tessera.engine.rows.spelling import key_of
from tessera.engine.rows.storage import alias, insist, storage, update
from tessera.engine.verification import Principal, noting, refuse_ended
from tessera.errors import InsufficientScope, InvalidScope, LoginRequired, Unknown
from tessera.models import Grant, Kind
from tessera.words import gettext_noop as _

HELD = (Kind.SIGN_IN, Kind.PERSONAL, Kind.MACHINE, Kind.ADOPTED)
"""The kinds that a user is shown: what opens something, and not what only stands for a token to come."""

LOG_INS = (Kind.SIGN_IN, Kind.ADOPTED)
"""The kinds that a log-in made. The packages whose keys are adopted gave those out at a log-in."""


def sign_in_of(principal: Principal) -> Grant:
    """The sign-in that manages tokens. No other token does: whoever finds one must not be able to make another.

    Raises:
        LoginRequired: it is a token of another kind.
        InsufficientScope: the site has scopes, and its access token has not that of managing tokens.
        Unknown: its row is gone since.
    """
    grant = principal.grant
    if grant is None:
        raise Unknown("row")
    if grant.kind != Kind.SIGN_IN:
        raise LoginRequired(_("This takes the access token of a sign-in. Log in, and use that."))
    if TOKENS in scopes() and TOKENS not in principal.scope:
        raise InsufficientScope(frozenset({TOKENS}))
    return grant


def refuse_old(sign_in: Grant, now: datetime) -> None:
    """Refuse a sign-in whose log-in was longer ago than `RECENT_LOGIN`. A refresh does not make it younger.

    Raises:
        LoginRequired: it was.
    """
    if now - sign_in.created_at >= current().RECENT_LOGIN:
        raise LoginRequired(_("The log-in was too long ago for this. Log in again, and use the new access token."))


def held_by(subject: AbstractBaseUser | None, now: datetime) -> QuerySet[Grant]:
    """The live tokens of a user, the newest first. Some may have a broken bond: `is_bound` tells."""
    return _of(subject).filter(live(now), kind__in=HELD).order_by("-pk")


def rename(row: UUID, subject: AbstractBaseUser, label: str, now: datetime) -> Grant | None:
    """Give a live token of `subject` another name. `None`: there is none with that id.

    Raises:
        InvalidAsk: it is no name.
        StoreDown: the storage does not answer.
    """
    prove_text("label", label)
    rows = held_by(subject, now).filter(pk=row)
    with storage:
        grant = rows.first()
    # The UPDATE asks once more: what has ended meanwhile is not named.
    if grant is None or not is_bound(grant, subject) or not update(rows, {"label": label}):
        return None
    take(grant, {"label": label})
    return grant


def end_held(row: UUID, subject: AbstractBaseUser) -> bool:
    """End a token of `subject`. Whether there was one with that id.

    One that has expired, or lost its bond, is ended too: by another server's clock, or with a password that is
    restored from a backup, it may be live.
    """
    rows = _of(subject).filter(pk=row, kind__in=HELD, revoked_at=None)
    return end(rows, "revoked", Which([row], key_of(subject))) > 0


def end_other_log_ins(sign_in: Grant, now: datetime) -> int:
    """Sign the user out everywhere else, and say of how many live sign-ins. What was made for scripts lives on.

    Raises:
        Dead: the sign-in itself has ended meanwhile, and nothing has been ended by it.
        StoreDown: the storage does not answer, and nothing has ended.
    """
    others = _of(sign_in.subject).filter(kind__in=LOG_INS).exclude(pk=sign_in.pk)
    found = _ended(others, sign_in, "others", now)
    if not found:
        show_the_end(sign_in.subject_id)
    tell(len(found), "others", Which(found, sign_in.subject_id))
    return len(found)


def end_all(sign_in: Grant, now: datetime) -> int:
    """End whatever the user has, `sign_in` and personal tokens too, and say how many live ones that were.

    Raises:
        Dead: the sign-in itself has ended meanwhile, and nothing has been ended by it.
        StoreDown: the storage does not answer, and nothing has ended.
    """
    found = _ended(_of(sign_in.subject), sign_in, "all", now)
    tell(len(found), "all", Which([], sign_in.subject_id))
    return len(found)


def issue_from(sign_in: Grant, ask: Ask, within: frozenset[str], now: datetime) -> Issued:
    """Issue what is asked for in the name of a sign-in, unless that has ended meanwhile.

    `within` is the scope of the access token that asks, which may have less than its sign-in. What is made has no more.

    Raises:
        Dead: it has ended.
        InvalidScope: more than that is asked for.
        InvalidAsk, NotAllowed, StoreDown: as `issue` does.
    """
    if ask.scope is None:
        ask = replace(ask, scope=within & scopes().keys())  # Words that the site no longer has fall away.
    elif not ask.scope <= within:
        raise InvalidScope(_("The scope is wider than that of the token that asks."))
    with storage, _going_on(sign_in, now):
        return issue(ask)


def _of(subject: AbstractBaseUser | None) -> QuerySet[Grant]:
    rows, key = Grant.objects.using(alias()), None if subject is None else key_of(subject)
    return rows.none() if key is None else rows.filter(subject_id=key)  # Nobody's would be the machines'.


def _ended(rows: QuerySet[Grant], sign_in: Grant, reason: str, now: datetime) -> list[UUID]:
    """End `rows`, and say which of them the user has seen live."""

    def ended() -> list[UUID]:
        with _going_on(sign_in, now):
            found = list(rows.filter(live(now), kind__in=HELD).values_list("pk", flat=True))
            rows.filter(revoked_at=None).update(**ended_for(reason))
        return found

    return insist(ended)


@contextmanager
def _going_on(sign_in: Grant, now: datetime) -> Iterator[None]:
    """A transaction in which nobody else signs this user out."""
    subject = sign_in.subject
    with transaction.atomic(using=alias()):
        if subject is not None:
            hold(subject)
        grant = find(sign_in.pk)
        with noting(sign_in.pk):
            if grant is None:
                raise Unknown("row")
            refuse_ended(grant, now)
        yield
