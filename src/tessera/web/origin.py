"""Where a request comes from."""

from typing import Any

from django.http import HttpRequest

from tessera.conf import current, raw
from tessera.http.address import client_address
from tessera.models import LONGEST


def address_of(request: HttpRequest | None) -> str:
    """The address of the client, as far as the site's `NUM_PROXIES` lets it be known."""
    if request is None:
        return ""
    # The site says it once, where REST framework looks for it.
    proxies = raw("REST_FRAMEWORK").get("NUM_PROXIES") or 0
    return client_address(request.META.get("REMOTE_ADDR", ""), request.META.get("HTTP_X_FORWARDED_FOR", ""), proxies)


def origin_of(request: HttpRequest) -> dict[str, Any]:
    """What the site records of a log-in, in the words of `Ask`. The client chose it, so it is cut and cleaned."""
    told = {"address": address_of(request), "agent": request.META.get("HTTP_USER_AGENT", "")}
    return {name: _clean(value, LONGEST[name]) for name, value in told.items() if name in current().RECORDED}


def _clean(text: str, longest: int) -> str:
    return "".join(filter(str.isprintable, text[: 4 * longest])).strip()[:longest]
