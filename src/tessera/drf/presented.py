"""The base class of the endpoints that act on the token that is presented to them."""

from typing import ClassVar

from rest_framework.exceptions import NotAuthenticated
from rest_framework.request import Request

from tessera.drf.authentication import TokenAuthentication
from tessera.drf.endpoint import Endpoint


class PresentedToken(Endpoint):
    """An endpoint that acts on the token in the header, or in the cookie if its `authenticator` reads that.

    It looks at nothing else: no session, no other scheme, no default of the site.
    """

    authenticator: ClassVar[TokenAuthentication] = TokenAuthentication()

    def get_authenticate_header(self, request: Request) -> str:
        """Return the challenge of a 401."""
        return self.authenticator.authenticate_header(request)

    def presented(self, request: Request) -> bytes:
        """Return the credential, not yet verified."""
        secret = self.authenticator.presented(request)
        if secret is None:
            raise NotAuthenticated
        return secret
