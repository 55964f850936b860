"""What a token may be used for, as a permission."""

from typing import TYPE_CHECKING, Any, ClassVar, overload

from django.utils.translation import gettext
from rest_framework.permissions import SAFE_METHODS, BasePermission, IsAuthenticated
from rest_framework.request import Request

from tessera.errors import InsufficientScope
from tessera.format import scope
from tessera.web.refusals import headers_of

if TYPE_CHECKING:  # REST framework imports what a site's defaults name while its `views` is half loaded.
    from rest_framework.response import Response
    from rest_framework.views import APIView


class ScopePermission(BasePermission):
    """What `HasScope` makes."""

    read: ClassVar[frozenset[str] | None]
    write: ClassVar[frozenset[str] | None]
    message: str | None = None
    code: str | None = None

    def has_permission(self, request: Request, view: "APIView") -> bool:
        """Whether the request comes with the scope, or in person."""
        needed = self.read if request.method in SAFE_METHODS else self.write
        if needed is None:
            return True
        if request.auth is None:
            return IsAuthenticated().has_permission(request, view)
        if needed <= _scope_of(request.auth):
            return True
        error = InsufficientScope(needed)
        self.message, self.code = self.message or error.in_words(gettext), error.code
        _challenge_by(view, error)
        # No exception: this may be one of two permissions, of which either is enough.
        return False


@overload
def HasScope(*words: str) -> type[BasePermission]: ...


@overload
def HasScope(*, read: str | None, write: str | None) -> type[BasePermission]: ...


def HasScope(*words: str, **each: str | None) -> type[BasePermission]:  # noqa: N802 - it reads as what it makes
    """A permission that lets in whose token has the scope: `permission_classes = [HasScope("tracks:write")]`.

    Of several words, all are needed.

    `HasScope(read="tracks:read", write="tracks:write")` asks for the one where nothing is changed, and for the other
    elsewhere. With `read=None`, everybody may read, whether or not he is known.

    Who is known and has no token is there in person, as in a session, and is let in. A token with less is answered 403,
    with a challenge that names what it takes (RFC 6750 §3.1).

    Raises:
        TypeError: it is neither of the two forms.
        InvalidScope: a word is none.
    """
    if bool(words) == bool(each) or (each and each.keys() != {"read", "write"}):
        raise TypeError('It is HasScope("word"), or HasScope(read="word", write="word").')
    return type("HasScope", (ScopePermission,), {way: _needed(*words or (each[way],)) for way in ("read", "write")})


def _needed(*words: str | None) -> frozenset[str] | None:
    asked = [word for word in words if word is not None]
    return scope.split(scope.join(asked)) if asked else None


def _scope_of(auth: Any) -> frozenset[str]:
    """What a request may do, by whatever an authentication class has made of its token. A text is that of a column."""
    held = getattr(auth, "scope", None)
    if isinstance(held, str):
        return scope.split(held)
    return held if isinstance(held, frozenset) else frozenset()


def _challenge_by(view: "APIView", error: InsufficientScope) -> None:
    """Have the view's 403 say what it takes, whatever the site's exception handler makes of the rest."""
    # Not by `view.headers`: where another permission lets the request in, the answer must not have it.
    finalize, headers = view.finalize_response, headers_of(error)

    def finalize_response(request: Request, response: "Response", *args: Any, **kwargs: Any) -> "Response":
        response = finalize(request, response, *args, **kwargs)
        if response.status_code == 403:
            for header, value in headers.items():
                response[header] = value
        return response

    view.finalize_response = finalize_response  # type: ignore[method-assign]
