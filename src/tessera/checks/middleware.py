"""The checks of `MIDDLEWARE`, as far as tokens depend on it."""

from typing import Any

from django.core.checks import CheckMessage, Tags, register

from tessera import conf
from tessera.checks.catalog import say
from tessera.checks.settings import is_listed
from tessera.checks.site import has_base, imported, tessera

CSRF = "django.middleware.csrf.CsrfViewMiddleware"
USERS = "django.contrib.auth.middleware.AuthenticationMiddleware"
TOKENS = "tessera.plain.middleware.TokenMiddleware"


@register("tessera", Tags.security)
def prove_cookies_are_protected(**_: Any) -> list[CheckMessage]:
    """Where cookies carry tokens, Django's CSRF protection is on."""
    if tessera()["COOKIES"] is not True or _places(CSRF):
        return []
    return [say("E037")]


@register("tessera", Tags.compatibility)
def prove_tokens_have_the_last_word(**_: Any) -> list[CheckMessage]:
    """Where a token and a session each have a user, that of the token counts."""
    tokens, users = _places(TOKENS), _places(USERS)
    return [say("E038")] if tokens and users and min(tokens) < max(users) else []


def _places(wanted: str) -> list[int]:
    """Where the middleware of that name, or a subclass of it, stands."""
    written = conf.raw("MIDDLEWARE")
    found = map(imported, written if is_listed(written) else ())
    return [place for place, entry in enumerate(found) if has_base(entry, {wanted})]
