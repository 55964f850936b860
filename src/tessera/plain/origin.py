"""Where a request comes from."""

from django.http import HttpRequest

from tessera.conf import raw
from tessera.http.address import client_address


def address_of(request: HttpRequest) -> str:
    """The address of the client, as far as the site's `NUM_PROXIES` lets it be known."""
    # The site says it once, where REST framework looks for it.
    proxies = raw("REST_FRAMEWORK").get("NUM_PROXIES") or 0
    return client_address(request.META.get("REMOTE_ADDR", ""), request.META.get("HTTP_X_FORWARDED_FOR", ""), proxies)
