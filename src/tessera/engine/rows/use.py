"""The use of a token, written down: when it was, that a client has its pair, and until when it now lives."""

import logging
from collections.abc import Callable
from contextlib import suppress
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import Any

from django.db import Error, connections, transaction
from django.db.models import Case, ExpressionWrapper, F, Q, Value, When
from django.db.models.functions import Least
from django.db.transaction import TransactionManagementError

from tessera.conf import current
from tessera.engine.rows.lookup import live, slides
from tessera.engine.rows.standing import use_is_due
from tessera.engine.rows.storage import alias
from tessera.format.opaque import Opaque
from tessera.models import Grant, InstantField, hint

audit = logging.getLogger("tessera.audit")

SLIDING_INTERVAL = timedelta(minutes=1)
"""How often, at most, a use puts off the end of a token that lives on by being used, if the site does not record uses
more often: its idle lifetime may be a few minutes, of which ten would be the better part. If it is less than two, each
use does."""

_unwritten: ContextVar[Callable[[], None] | None] = ContextVar("unwritten", default=None)
"""What is to be written at the end of the request, should its transaction be rolled back."""


def note_use(opaque: Opaque, now: datetime) -> None:
    """Write the use of an access token down, in one UPDATE: never in the view's transaction, and never an error."""
    interval = current().LAST_USED_INTERVAL

    def write() -> None:
        _unwritten.set(None)
        # Of all who found it due, one writes. The digest: who comes late with a token of before says nothing of the
        # current one. And what was revoked meanwhile stays so.
        due = Grant.objects.using(alias()).filter(
            use_is_due(now, is_recorded=interval is not None),
            live(now),
            pk=opaque.grant_id,
            access_digest=opaque.digest,
        )
        try:
            due.update(**_told(now, interval))
        except Error as error:
            audit.debug("use of %s not written: %s", hint(opaque.grant_id), type(error).__name__)

    if connections[alias()].in_atomic_block:
        _unwritten.set(write)
    with suppress(TransactionManagementError):  # A site that commits by hand would have to commit this as well.
        transaction.on_commit(write, using=alias(), robust=True)


def finish_request(**_: object) -> None:
    """At the end of a request: write down what its rollback has taken along. Its client has the pair all the same."""
    write = _unwritten.get()
    if write is None:
        return
    _unwritten.set(None)
    connection = connections[alias()]
    if not connection.in_atomic_block:  # That would be a test's.
        write()
        connection.close_if_unusable_or_obsolete()  # Django has looked already whether it is to be closed.


def _told(now: datetime, interval: timedelta | None) -> dict[str, Any]:
    """What a use says of any grant. The cases tell a pair from a lone token, which alone lives on by being used."""
    moment = Value(now, InstantField())
    put_off = ExpressionWrapper(moment + F("idle_lifetime"), InstantField())
    sliding = SLIDING_INTERVAL if interval is None else min(interval, SLIDING_INTERVAL)
    next_due = Value(None if interval is None else now + interval, InstantField())
    return ({} if interval is None else {"last_used_at": now}) | {
        "use_due_at": Case(
            When(slides() & Q(idle_lifetime__lt=2 * SLIDING_INTERVAL), then=moment),
            When(slides(), then=Value(now + sliding, InstantField())),
            default=next_due,
        ),
        "seen_at": Case(When(generation=None, then=None), When(seen_at=None, then=moment), default="seen_at"),
        # Within the window the pair may have to be told to another tab; a later use forgets it.
        "nonce": Case(When(rotated_at__lte=now - current().REUSE_WINDOW, then=None), default="nonce"),
        "ends_at": Case(
            When(~slides(), then="ends_at"), When(expires_at=None, then=put_off), default=Least(put_off, "expires_at")
        ),
    }
