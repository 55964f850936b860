"""The admin pages of `Grant`, which the admin calls a token."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.utils import display_for_value
from django.contrib.admin.views.main import SEARCH_VAR
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import BinaryField, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from tessera import clock
from tessera.admin.asking import AskForm
from tessera.admin.finding import StateFilter, named_exactly, row_of_token
from tessera.conf import scopes
from tessera.engine.revocation import revoke
from tessera.engine.rows.storage import alias, batches, storage
from tessera.errors import StoreDown
from tessera.http.problems import problem
from tessera.models import Grant

_ASKED = ("subject", "label", "kind", "scope", "lifetime")
_TOLD = (
    *("hint", "id", "subject", "label", "kind", "client", "scope", "state", "created_at", "last_used_at", "rotated_at"),
    *("ends", "expires_at", "revoked_at", "revoked_reason", "pepper"),
)
_NEVER_TOLD = frozenset(field.name for field in Grant._meta.concrete_fields if isinstance(field, BinaryField))


@admin.register(Grant)
class GrantAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Makes, lists and revokes tokens. It never changes one, and never shows a secret twice."""

    actions = ("revoke_selected",)
    list_display = ("hint", "subject", "label", "kind", "created_at", "last_used_at", "ends", "state")
    list_filter = (StateFilter, "kind")
    list_select_related = ("subject",)
    ordering = ("-id",)
    raw_id_fields = ("subject",)
    search_help_text = _("A user's name or key, or the id or the hint of a token. Never the token itself.")
    show_full_result_count = False

    # What may be done

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody edits a token."""
        return False

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        """Whoever may change tokens may end them."""
        return request.user.has_perm("tessera.change_grant")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A token goes with its user, and whoever may delete the user may delete it: for that, Django names the token.

        Where it names none, it asks for our own pages.
        """
        return obj is not None

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Nobody deletes a token by itself."""
        raise PermissionDenied

    def lookup_allowed(self, lookup: str, value: Any, request: Any = None) -> bool:
        """Refuse what is kept of secrets, which could otherwise be guessed bit by bit through the address."""
        column, _, _ = lookup.partition("__")
        return column not in _NEVER_TOLD and super().lookup_allowed(lookup, value, request)

    @admin.action(description=_("Revoke selected %(verbose_name_plural)s"), permissions=["revoke"])
    def revoke_selected(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """End the selected tokens, and record in the admin's log who did it."""
        ended = 0
        try:
            for step in batches(queryset.filter(revoked_at=None)):
                with storage, transaction.atomic(using=alias()):
                    LogEntry.objects.log_actions(str(request.user.pk), step, CHANGE, gettext("Revoked."))
                    # Last: receivers of the signal hear of nothing that is then undone.
                    ended += revoke(*step, reason="admin")
        except StoreDown as error:
            self.message_user(request, problem(error, gettext).detail, messages.ERROR)
        self.message_user(
            request,
            ngettext("%(count)d token was revoked.", "%(count)d tokens were revoked.", ended) % {"count": ended},
        )

    # Finding them

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """From the database that takes the writes: a replica may still show a revoked token alive."""
        return super().get_queryset(request).using(alias())

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        """Search by the field that users sign in with."""
        return (f"subject__{get_user_model().USERNAME_FIELD}",)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Find tokens by a part of the user's name, or by an exact id, hint or user key."""
        found, may_have_duplicates = super().get_search_results(request, queryset, search_term)
        if search_term:
            # A UNION, because each half has its index; with an OR across the join the database reads every row.
            exact = queryset.order_by().filter(named_exactly(search_term.strip())).values("pk")
            found = queryset.filter(pk__in=found.order_by().values("pk").union(exact))
        return found, may_have_duplicates

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The list. If somebody searched for a token, the address is replaced by one without it."""
        row = row_of_token(request.GET.get(SEARCH_VAR, ""))
        if row is None or not self.has_view_permission(request):
            return super().changelist_view(request, extra_context)
        leaked = _("A token was searched for, and now stands in the log of the server: revoke it.")
        self.message_user(request, leaked, messages.WARNING)
        return HttpResponseRedirect(f"{request.path}?{urlencode({SEARCH_VAR: row})}")

    @admin.display(description=_("token"), ordering="id")
    def hint(self, grant: Grant) -> str:
        """The column that names the token."""
        return grant.hint

    @admin.display(description=_("ends"), ordering="ends_at")
    def ends(self, grant: Grant) -> str:
        """When it ends, or was revoked. (`ends_at` of a revoked grant is long past, and would mislead people.)"""
        return display_for_value(grant.revoked_at or grant.ends_at, gettext("never"))

    @admin.display(description=_("state"))
    def state(self, grant: Grant) -> str:
        """Live, expired or revoked."""
        return str(grant.state(clock.now()).label)

    # Making one

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """The fields of the form for a new token, or of the page that shows an existing one."""
        return _TOLD if obj is not None else [name for name in _ASKED if name != "scope" or scopes()]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Use `AskForm` for a new token."""
        if obj is not None:
            return super().get_form(request, obj, change, **kwargs)
        form: Any = super().get_form(request, obj, change, **{**kwargs, "form": AskForm})
        form.actor = request.user  # A class of this request's own: Django makes a subclass each time.
        return form

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        """Hide the buttons for what the admin would refuse."""
        buttons = {"show_delete": False, "show_save_and_add_another": False, "show_save_and_continue": False}
        return super().changeform_view(request, object_id, form_url, {**buttons, **(extra_context or {})})

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Any:
        """Return what the engine has made. Django hands it on to `response_add`, and stores it nowhere."""
        return form.issued

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save nothing: the engine has saved the row."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Save nothing: a token has no related objects."""

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Log the grant, which is shown by its hint, and not the secret."""
        return super().log_addition(request, obj.grant, message)

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        """Show the secret in this response: a message or a redirect would leave it in a cookie or a session."""
        request.current_app = self.admin_site.name
        context = {
            **self.admin_site.each_context(request),
            "title": _("The token"),
            "opts": self.opts,
            "issued": obj,
            "has_view_permission": self.has_view_permission(request),
        }
        headers = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
        return TemplateResponse(request, "admin/tessera/grant/issued.html", context, headers=headers)
