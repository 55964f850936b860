"""The endpoints of the dialect `authtoken`."""

# mypy: allow-untyped-calls

from typing import ClassVar

from tessera.schema.answers import DescribedView, header

DEPRECATION = header("Deprecation", str, 200, told="Since when (RFC 9745).")
REPLACES = "The token in the header, for a new one. The old one is refused from then on."


class ObtainAuthTokenView(DescribedView):
    """Describes the log-in. The view's own serializer describes its body."""

    target_class = "tessera.dialects.authtoken.views.ObtainAuthToken"
    needs_token = False
    methods: ClassVar = {"POST": {"told": "A name and a password, for a token.", "codes": (200, 400, 415, 429, 503)}}


class ReplaceAuthTokenView(DescribedView):
    """Describes the replacement by POST, and by GET, which is deprecated."""

    target_class = "tessera.dialects.authtoken.views.ReplaceAuthToken"
    methods: ClassVar = {
        "POST": {"told": REPLACES, "codes": (200, 401, 429, 503), "request": None},
        "GET": {
            "told": f"{REPLACES} Use POST.",
            "codes": (200, 401, 429, 503),
            "parameters": [DEPRECATION],
            "deprecated": True,
        },
    }


class RevokeAuthTokenView(DescribedView):
    """Describes the revocation, which has an empty response."""

    target_class = "tessera.dialects.authtoken.views.RevokeAuthToken"
    methods: ClassVar = {
        "POST": {
            "told": "The end of the token in the header. One that has ended already is answered the same.",
            "codes": (204, 401, 429, 503),
            "request": None,
        }
    }
