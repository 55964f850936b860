"""What all endpoints of this dialect have in common."""

from typing import Any, ClassVar

from rest_framework import serializers
from rest_framework.exceptions import APIException, ErrorDetail
from rest_framework.request import Request
from rest_framework.response import Response

from tessera.conf import current
from tessera.drf.endpoint import Endpoint
from tessera.errors import TesseraError
from tessera.http.problems import challenge
from tessera.web.cookies import varied
from tessera.web.refusals import challenge_of

FIRST_PARTY = ""
"""The site's own software is no client that has to be named. A sign-in through a client that has a name is refreshed
where that one is asked who it is, and not here."""


class NativeEndpoint(Endpoint):
    """Says a `code` beside each `detail`: that is for programs to compare, never translated, and this for people."""

    serializer_class: ClassVar[type[serializers.Serializer[Any]]]

    def sent(self, request: Request) -> Any:
        """Return what the body says, once it is known to have the right form."""
        serializer = self.serializer_class(data=request.data)
        serializer.is_valid(raise_exception=True)
        return serializer.validated_data

    def refused(self, error: Exception) -> Exception:
        """Put the code beside the detail. What is wrong with a field stands beside the field's name."""
        refusal = super().refused(error)
        if isinstance(refusal, APIException):
            told, code = refusal.detail, None
            if isinstance(error, TesseraError):
                told, code = told["detail"] if isinstance(told, dict) else told, error.code
            if isinstance(told, ErrorDetail):
                refusal.detail = {"detail": told, "code": ErrorDetail(code or told.code or refusal.default_code)}
        return refusal

    def get_authenticate_header(self, request: Request) -> str:
        """Return the challenge of a 401 to whoever presented no token."""
        return challenge("Bearer", current().REALM)

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        """Say that the answer depends on the cookies, where it may."""
        return varied(super().finalize_response(request, response, *args, **kwargs))

    def handle_exception(self, exc: Exception) -> Response:
        """Answer an error. The challenge names it if a token was presented, in the header or the body (RFC 6750 §3)."""
        response = super().handle_exception(exc)
        if isinstance(exc, TesseraError) and "Retry-After" not in response and (told := challenge_of(exc)):
            response["WWW-Authenticate"] = told
        return response
