"""The checks of `MIDDLEWARE`, as far as tokens depend on it."""

from typing import Any

from django.core.checks import CheckMessage, Tags, register
from django.middleware.csrf import CsrfViewMiddleware

from tessera import conf
from tessera.checks.catalog import say
from tessera.checks.settings import is_listed
from tessera.checks.site import imported, tessera


@register("tessera", Tags.security)
def prove_cookies_are_protected(**_: Any) -> list[CheckMessage]:
    """Where cookies carry tokens, Django's CSRF protection is on."""
    if tessera()["COOKIES"] is not True or _places(CsrfViewMiddleware):
        return []
    return [say("E037")]


def _places(wanted: type) -> list[int]:
    """Where that middleware, or a subclass of it, stands in `MIDDLEWARE`."""
    written = conf.raw("MIDDLEWARE")
    found = map(imported, written if is_listed(written) else ())
    return [place for place, entry in enumerate(found) if isinstance(entry, type) and issubclass(entry, wanted)]
