"""How the admin finds a token: by its state, its id or hint, or its user."""

import re
from contextlib import suppress
from typing import Any
from uuid import UUID

from django.contrib.admin import SimpleListFilter
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from tessera import clock
from tessera.engine.rows.lookup import live
from tessera.models import State

_HINT = re.compile(r"[a-z0-9]{2,10}_([0-9a-f]{8})")
# Not the whole shape: of a token that was cut short, letters of the secret are in the address as well.
_TOKEN = re.compile(r"[a-z0-9]{2,10}[a-z]_([0-9a-f]{32})")


class StateFilter(SimpleListFilter):
    """The filter at the side of the list: live, expired or revoked."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        """The choices that the filter offers."""
        return State.choices

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The tokens in the chosen state. It agrees with `Grant.state`."""
        now = clock.now()
        in_state: dict[str | None, Q] = {
            State.LIVE: live(now),
            State.EXPIRED: Q(revoked_at=None, ends_at__lte=now),
            State.REVOKED: Q(revoked_at__isnull=False),
        }
        return queryset.filter(in_state.get(self.value(), Q()))


def row_of_token(term: str) -> str | None:
    """The row that a token names, if `term` contains a token or the beginning of one."""
    token = _TOKEN.search(term)
    return token and token[1]


def named_exactly(term: str) -> Q:
    """The rows that `term` identifies: by their id or hint, or by the primary key of their user."""
    named = Q(pk__in=[])
    if hint := _HINT.fullmatch(term.lower()):
        named |= Q(pk__endswith=hint[1])
    with suppress(ValueError):
        named |= Q(pk=UUID(term))
    with suppress(ValidationError):
        named |= Q(subject__pk=get_user_model()._meta.pk.to_python(term))
    return named
