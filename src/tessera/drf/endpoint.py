"""The base class of every endpoint of ours, in any dialect."""

from types import FrameType
from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest
from django.utils.cache import patch_vary_headers
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters
from rest_framework.exceptions import ParseError
from rest_framework.parsers import FormParser, MultiPartParser
from rest_framework.permissions import AllowAny
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from tessera.drf.parsers import FlatJSONParser, refuse_a_long_body, refuse_a_strange_charset
from tessera.drf.refusals import refusal, required_headers
from tessera.errors import TesseraError
from tessera.web.refusals import counted
from tessera.web.reports import Sealed
from tessera.web.transactions import outside


@method_decorator(sensitive_post_parameters(), name="dispatch")
class Endpoint(APIView):
    """A view that accepts or returns a credential.

    It does not use the site's defaults for authentication, permissions, throttling, parsers and renderers, because they
    could break it. It renders JSON only, so that nothing is echoed into a page.
    """

    authentication_classes: Any = ()
    permission_classes: Any = (AllowAny,)
    throttle_classes: Any = ()
    parser_classes = (FlatJSONParser, FormParser, MultiPartParser)
    renderer_classes = (JSONRenderer,)
    versioning_class = None

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        """The view, outside `ATOMIC_REQUESTS`."""
        return outside(super().as_view(**initkwargs))

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Keep passwords out of the report, should the view crash."""
        super().setup(request, *args, **kwargs)
        request.exception_reporter_filter = NoVariables()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse a body that is too long, or in an unusual charset, before any of it is read."""
        super().initial(request, *args, **kwargs)
        refuse_a_long_body(request)
        refuse_a_strange_charset(request)

    def refused(self, error: Exception) -> Exception:
        """Turn our errors, and Django's errors about the body, into REST framework's. A dialect may word them anew."""
        match error:
            case TesseraError():
                return refusal(error)
            case SuspiciousOperation():  # Too many fields, or a site's own limit: Django answers with a page.
                return ParseError(_("The body cannot be read."))
        return error

    def handle_exception(self, exc: Exception) -> Response:
        """Answer an error, with the headers that must go with it."""
        exc = self.refused(counted(exc, self.request._request) if isinstance(exc, TesseraError) else exc)
        response = super().handle_exception(exc)
        # A site's own exception handler words the body, and often forgets what RFC 9110 and RFC 6585 want beside it.
        for header, value in required_headers(exc).items():
            response.headers.setdefault(header, value)
        return response

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        """Let no cache store what may hold a credential (RFC 6750 §5.3, RFC 6749 §5.1, RFC 9111 §5.2.2.5)."""
        response = super().finalize_response(request, response, *args, **kwargs)
        response["Cache-Control"] = "no-store"
        response["Pragma"] = "no-cache"
        patch_vary_headers(response, ["Authorization"])
        return response


class NoVariables(Sealed):
    """A crash report says where it happened, and hides the value of every variable.

    A password passes through frames that are not ours to mark as sensitive.
    """

    def get_traceback_frame_variables(self, request: HttpRequest | None, tb_frame: FrameType) -> Any:
        """The names, each with the substitute for its value."""
        return [(name, self.cleansed_substitute) for name in tb_frame.f_locals]
