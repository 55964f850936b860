"""A view that only a token opens."""

from collections.abc import Callable, Container
from functools import partial, wraps
from inspect import isawaitable, unwrap
from typing import Any, TypeVar, overload

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.db import connections
from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.debug import sensitive_variables

from tessera.errors import NotPresented, TesseraError
from tessera.format.opaque import Purpose
from tessera.format.scope import join, split
from tessera.plain.authentication import Needed, authenticate, presented
from tessera.plain.refusals import refused
from tessera.web.cookies import varied
from tessera.web.defaults import ADMITTED

View = TypeVar("View", bound=Callable[..., Any])


@overload
def token_required(view: View) -> View: ...
@overload
def token_required(*, accept: Container[Purpose] = ..., scope: str = ...) -> Callable[[View], View]: ...
def token_required(view: Any = None, *, accept: Container[Purpose] = ADMITTED, scope: str = "") -> Any:
    """Decorate a view that only a token opens: a function, synchronous or not, or a method by `method_decorator`.

    `request.user` is then the token's, and `request.auth` a `tessera.Principal`. Without a token, or with one that
    opens nothing, the answer is 401, whatever the session says.

    `accept` holds the purposes of the tokens that open it. With `scope`, a token needs all of its words, and one that
    lacks any is answered 403 (RFC 6750 §3.1).

    A token in the header needs no CSRF token. One in a cookie does, with every unsafe method.
    """
    if view is not None and not callable(view):  # As the words of HasScope are written, it would fail at a request.
        raise TypeError('It is @token_required, or @token_required(scope="word").')
    needed = Needed(accept, split(join(split(scope))))
    return _guarded(view, needed) if view is not None else lambda view: _guarded(view, needed)


def _guarded(view: Callable[..., Any], needed: Needed) -> Callable[..., Any]:
    async def in_the_loop(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        refusal = await sync_to_async(_refusal)(request, needed)
        response = view(request, *args, **kwargs) if refusal is None else refusal
        return varied(await response if isawaitable(response) else response)

    def in_a_thread(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        refusal = _refusal(request, needed)
        return varied(view(request, *args, **kwargs) if refusal is None else refusal)

    guarded: Any = wraps(view)(in_the_loop if _is_asynchronous(view) else in_a_thread)
    # Django's middleware comes first, and would ask for a CSRF token, or send who has no session to the log-in page.
    guarded.csrf_exempt = True
    guarded.login_required = False
    guarded.tessera_scope = needed.scope  # A check goes by it.
    return guarded  # type: ignore[no-any-return]


def _is_asynchronous(view: Callable[..., Any]) -> bool:
    # In a class whose methods are coroutines, `dispatch` is none, and yet it has to answer one. What a decorator of a
    # method is given has the instance inside.
    bound = unwrap(view, stop=lambda each: isinstance(each, partial))
    instance = getattr(getattr(bound, "func", None), "__self__", None)
    return iscoroutinefunction(view) or getattr(instance, "view_is_async", False)


@sensitive_variables()
def _refusal(request: HttpRequest, needed: Needed) -> HttpResponseBase | None:
    try:
        credential = presented(request)
        if credential is None:
            raise NotPresented
        authenticate(request, credential, needed)
    except TesseraError as error:
        _roll_back()
        return refused(error, request)
    return None


def _roll_back() -> None:
    # Where each request is a transaction, that of a storage which is down cannot be committed.
    for connection in connections.all():
        if connection.settings_dict["ATOMIC_REQUESTS"] and connection.in_atomic_block:
            connection.set_rollback(True)
