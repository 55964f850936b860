"""The form that asks the engine for a token."""

from datetime import timedelta
from types import MappingProxyType
from typing import Any

from django import forms
from django.contrib.auth.models import PermissionsMixin
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from tessera.conf import Lifetime, current, scopes
from tessera.engine.issuance import Issued, issue
from tessera.engine.policy import Ask
from tessera.engine.rows.storage import alias, storage
from tessera.errors import TesseraError
from tessera.http.problems import problem
from tessera.models import Grant, Kind

LIFETIMES = MappingProxyType[str, Lifetime | None](
    {"": None, **{str(days): timedelta(days=days) for days in (1, 7, 30, 90, 365)}, "never": "never"}
)
"""The choices of the form. The first is preselected: it stands for the site's `TOKEN_LIFETIME`."""


class AskForm(forms.ModelForm):  # type: ignore[type-arg]
    """The form for a new token. Validating it makes the token, which is then in `issued`."""

    kind = forms.ChoiceField(
        label=_("Kind"), choices=[(kind.value, kind.label) for kind in (Kind.PERSONAL, Kind.MACHINE)]
    )
    scope = forms.MultipleChoiceField(
        label=_("Scope"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        choices=lambda: [(word, f"{told} ({word})") for word, told in scopes().items()],
        initial=lambda: [*scopes()],
        help_text=_("What is not ticked, the token is not good for."),
    )
    lifetime = forms.TypedChoiceField(
        label=_("Lifetime"),
        required=False,
        choices=lambda: [(key, _spoken(lifetime)) for key, lifetime in LIFETIMES.items()],
        coerce=LIFETIMES.__getitem__,
        empty_value=None,
    )

    actor: Any
    """Who asks: `request.user`."""

    issued: Issued

    class Meta:
        model = Grant
        fields = ("subject", "label", "kind", "scope")

    def clean(self) -> None:
        """Ask the engine for the token, unless the form has errors already."""
        if self.errors:
            return
        given = self.cleaned_data
        if outranks(given["subject"], self.actor):
            raise ValidationError({"subject": _("This user may do more than you.")}, code="access_denied")
        ask = Ask(
            subject=given["subject"],
            kind=Kind(given["kind"]),
            label=given["label"],
            scope=frozenset(given["scope"]) if scopes() else None,
            lifetime=given["lifetime"],
        )
        try:
            # A savepoint, because the page that says no is made within the same transaction.
            with storage, transaction.atomic(using=alias()):
                self.issued = issue(ask)
        except TesseraError as error:
            raise ValidationError(problem(error, gettext).detail, code=error.code) from error

    def _post_clean(self) -> None:
        """Skip the validation of the model: by now the row exists, and nothing may fail any more."""


def outranks(subject: Any, actor: Any) -> bool:
    """Whether `subject`, and so whoever holds a token of his, may do what `actor` may not."""
    if not isinstance(subject, PermissionsMixin) or actor.is_superuser:
        return False
    return subject.is_superuser or not subject.get_all_permissions() <= actor.get_all_permissions()


def _spoken(lifetime: Lifetime | None) -> str:
    if lifetime is None:
        return gettext("%(lifetime)s, as the site has it") % {"lifetime": _spoken(current().TOKEN_LIFETIME)}
    if lifetime == "never":
        return gettext("without an end")
    if lifetime == timedelta(days=lifetime.days):
        return ngettext("%(days)d day", "%(days)d days", lifetime.days) % {"days": lifetime.days}
    return str(lifetime)
