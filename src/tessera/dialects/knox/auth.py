"""`TokenAuthentication`, whose `request.auth` is an `AuthToken`."""

from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from tessera import peers
from tessera.dialects.knox.models import AuthToken
from tessera.dialects.knox.signals import token_expired
from tessera.drf import authentication
from tessera.drf.refusals import refusal
from tessera.engine.proxies import ACCEPTED
from tessera.engine.rows.lookup import find
from tessera.engine.verification import verify
from tessera.errors import Expired, TesseraError
from tessera.http.carriers import from_header
from tessera.web.defaults import in_lower_case


class TokenAuthentication(authentication.TokenAuthentication):
    """As the peer's: the scheme is the `AUTH_HEADER_PREFIX` of `REST_KNOX`, in any letter case, and no other.

    A subclass may say another by `authenticate_header`, and refuse more than we do by `authenticate_credentials` or
    `validate_user`.
    """

    accept = ACCEPTED
    reads_cookies = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Refuse a hook that nobody would call when the class is made, and not by silence."""
        super().__init_subclass__(**kwargs)
        if "renew_token" in vars(cls):
            raise TypeError(
                f"{cls.__name__}.renew_token is never called: what a use puts off is decided when a token is made, by "
                'REST_KNOX["AUTO_REFRESH"] and ["AUTO_REFRESH_MAX_TTL"]. Remove it.'
            )

    def in_header(self, request: Request) -> bytes | None:
        """Return what the header holds, or `None` where it may be for another authenticator."""
        scheme = self.authenticate_header(request)
        return from_header(request.META.get("HTTP_AUTHORIZATION", b""), in_lower_case((scheme,)))

    def opened_by(self, secret: bytes) -> tuple[Any, Any]:
        """Hand the token to `authenticate_credentials`, which a subclass may have made its own."""
        return self.authenticate_credentials(secret)

    @sensitive_variables()
    def authenticate_credentials(self, token: bytes) -> tuple[Any, Any]:
        """Return the user and the `AuthToken` of this token, wherever the caller found it.

        Raises:
            AuthenticationFailed: it is not valid.
        """
        try:
            principal = verify(token, accept=self.accept)
        except TesseraError as error:
            if isinstance(error, Expired):
                self._tell_of(error)
            raise refusal(error) from error
        return self.validate_user(AuthToken.of_principal(principal))

    def validate_user(self, auth_token: AuthToken) -> tuple[Any, Any]:
        """Return the user and the token, or raise `AuthenticationFailed`."""
        user = auth_token.user
        if user is not None and not user.is_active:
            raise AuthenticationFailed(_("Invalid token."))
        return user or AnonymousUser(), auth_token

    def authenticate_header(self, request: Request) -> str:
        """Return the scheme, which is all of the challenge, as the peer's clients expect it."""
        return peers.knox().AUTH_HEADER_PREFIX

    def _tell_of(self, error: Expired) -> None:
        # It costs a query, which is spared where nobody listens.
        if error.grant_id is None or not token_expired.has_listeners(type(self)):
            return
        grant = find(error.grant_id)
        if grant is not None and grant.subject is not None:
            name = grant.subject.get_username()
            token_expired.send_robust(type(self), username=name, source="auth_token")
