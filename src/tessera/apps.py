"""The app, which Django loads: it connects the receivers, the checks and the schema."""

import re

from django.apps import AppConfig, apps
from django.core.signals import request_finished
from django.db.models.signals import post_save, pre_delete, pre_save
from django.utils.translation import gettext_lazy as _
from django.views.debug import SafeExceptionReporterFilter

from tessera.http.carriers import ACCESS_COOKIE, REFRESH_COOKIE


class TesseraConfig(AppConfig):
    """`INSTALLED_APPS = [..., "tessera"]`."""

    name = "tessera"
    verbose_name = _("Tokens")

    def ready(self) -> None:
        """Connect the receivers, and import what registers itself."""
        from tessera import checks, receivers  # noqa: F401 - checks register themselves
        from tessera.dialects.authtoken import tokens
        from tessera.dialects.knox import models as knox
        from tessera.dialects.simplejwt import models  # noqa: F401 - its proxies are models of this app
        from tessera.engine.rows import use

        pre_save.connect(receivers.notice_rehash, dispatch_uid="tessera.notice_rehash")
        post_save.connect(receivers.carry_grants_over, dispatch_uid="tessera.carry_grants_over")
        post_save.connect(receivers.give_token, dispatch_uid="tessera.give_token")
        for model in receivers.models_of_users():  # Of all models, it would slow the deleting of anything down.
            pre_delete.connect(receivers.forget_old_keys, model, dispatch_uid="tessera.forget_old_keys")
        request_finished.connect(use.finish_request, dispatch_uid="tessera.finish_request")
        hide_secrets()
        tokens.give_users_their_auth_token()
        knox.give_users_their_auth_token_set()
        if apps.is_installed("drf_spectacular"):
            from tessera import schema  # noqa: F401 - its extensions register themselves


def hide_secrets() -> None:
    """Have Django hide peppers, and the cookies that carry tokens, from its crash reports, as it hides `SECRET_KEY`.

    A report lists every setting and every cookie, and goes by mail or, with DEBUG, to whoever made the crash.
    """
    hidden = SafeExceptionReporterFilter.hidden_settings
    if not hidden.search(ACCESS_COOKIE):
        names = "|".join(["PEPPER", ACCESS_COOKIE, REFRESH_COOKIE])
        SafeExceptionReporterFilter.hidden_settings = re.compile(f"{hidden.pattern}|{names}", hidden.flags)
