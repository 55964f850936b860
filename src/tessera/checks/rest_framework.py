"""The checks of `REST_FRAMEWORK`, as far as tokens depend on it, and of the routes."""

from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from itertools import chain
from typing import Any

from django.core.checks import CheckMessage, Tags, register
from django.urls import get_resolver
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import AllowAny

from tessera.checks.catalog import say
from tessera.checks.settings import is_listed, is_right
from tessera.checks.site import attempt, has_base, imported, rest_framework, tessera
from tessera.conf import TOKENS

AUTHENTICATION, PERMISSIONS = "DEFAULT_AUTHENTICATION_CLASSES", "DEFAULT_PERMISSION_CLASSES"

LOG_IN_VIEWS = frozenset({"tessera.dialects.authtoken.views.ObtainAuthToken"})
SIGNING_VIEWS = frozenset({"tessera.dialects.simplejwt.views.TokenViewBase"})
GUARDS = frozenset(
    {
        "tessera.drf.authentication.TokenAuthentication",
        "rest_framework.permissions.IsAuthenticated",
        "rest_framework.permissions.IsAdminUser",
        "rest_framework.permissions.IsAuthenticatedOrReadOnly",
        "rest_framework.permissions.DjangoModelPermissions",
    }
)
SCOPE_PERMISSIONS = frozenset({"tessera.drf.permissions.ScopePermission"})
"""Named, not imported: a view, or what imports one, must not be loaded while the apps are still starting."""


@register("tessera", Tags.security)
def prove_class_lists(**_: Any) -> list[CheckMessage]:
    """The default authentication and permission classes are lists of classes."""
    said = []
    for name in (AUTHENTICATION, PERMISSIONS):
        written = rest_framework().get(name, ())
        if not is_listed(written):
            said.append(say("E024", name=name))
            continue
        said += [
            say("E025", name=name, entry=entry if isinstance(entry, str) else type(entry).__name__)
            for entry in written
            if not callable(_loaded(entry))
        ]
    return said


@register("tessera", Tags.security)
def prove_views_ask_for_the_token(**_: Any) -> list[CheckMessage]:
    """A site whose views accept tokens by default also requires them by default."""
    permissions = rest_framework().get(PERMISSIONS, (AllowAny,))
    asked = not is_listed(permissions) or any(_loaded(entry) is not AllowAny for entry in permissions)
    return [say("W001")] if not asked and any(map(_is_ours, _authenticators())) else []


@register("tessera", Tags.compatibility)
def prove_refusals_are_401(**_: Any) -> list[CheckMessage]:
    """A refused token is a 401. REST framework answers 403 if the first authentication class has no challenge."""
    authenticators = _authenticators()
    if not any(map(_is_ours, authenticators)):
        return []
    first = authenticators[0]
    has_challenge = getattr(first, "authenticate_header", None) is not BaseAuthentication.authenticate_header
    return [] if has_challenge else [say("W002", first=first.__name__)]


@register("tessera", Tags.security)
def prove_proxies_are_a_number(**_: Any) -> list[CheckMessage]:
    """`NUM_PROXIES` is a number: that many entries of `X-Forwarded-For` are believed."""
    proxies = rest_framework().get("NUM_PROXIES")
    is_number = isinstance(proxies, int) and not isinstance(proxies, bool) and proxies >= 0
    return [] if proxies is None or is_number else [say("E026")]


@register("tessera", Tags.security, deploy=True)
def prove_proxies_are_told(**_: Any) -> list[CheckMessage]:
    """`NUM_PROXIES` is set: only the site knows how many proxies it has."""
    return [say("W006")] if rest_framework().get("NUM_PROXIES") is None else []


@register("tessera", Tags.compatibility)
def prove_schema_class_is_installed(**_: Any) -> list[CheckMessage]:
    """The package of the schema class, which is an extra of ours, is installed."""
    path = rest_framework().get("DEFAULT_SCHEMA_CLASS")
    is_wanted = isinstance(path, str) and path.startswith("drf_spectacular.")
    return [say("E027")] if is_wanted and find_spec("drf_spectacular") is None else []


@register("tessera", Tags.urls)
def prove_tokens_can_be_signed(**_: Any) -> list[CheckMessage]:
    """What signs tokens, which is an extra of ours, is installed where something signs."""
    if find_spec("joserfc") is not None:
        return []
    wanted = {
        'TESSERA["ACCESS_FORMAT"] = "jwt"': attempt(lambda: tessera()["ACCESS_FORMAT"] == "jwt") is True,
        "tessera.dialects.simplejwt": any(has_base(view.cls, SIGNING_VIEWS) for view in _views()),
    }
    return [say("E040", wanted=name) for name, is_wanted in wanted.items() if is_wanted]


@register("tessera", Tags.urls)
def prove_log_in_is_open(**_: Any) -> list[CheckMessage]:
    """No log-in view asks for a token: whoever comes there has none yet."""
    return [
        say("E028", view=view.cls.__name__, guard=guard.__name__)
        for view in _views()
        if has_base(view.cls, LOG_IN_VIEWS)
        for attribute in ("authentication_classes", "permission_classes")
        for guard in _classes(view, attribute)
        if has_base(guard, GUARDS)
    ]


@register("tessera", Tags.urls)
def prove_scopes_are_registered(**_: Any) -> list[CheckMessage]:
    """No view asks for a scope that the site does not have."""
    if not is_right("SCOPES"):
        return []
    scopes = tessera()["SCOPES"]
    asked = {
        (view.cls.__name__, word)
        for view in _views()
        for permission in _classes(view, "permission_classes")
        for part in _parts(permission)
        if has_base(part, SCOPE_PERMISSIONS)
        for word in (part.read or frozenset()) | (part.write or frozenset())
    }
    asked |= {
        (getattr(view, "view_class", view).__name__, word)
        for view in _callbacks()
        for word in getattr(view, "tessera_scope", ())  # Those under `token_required`.
    }
    registered = {*scopes, TOKENS} if scopes else set()
    return [say("E034", view=view, word=word) for view, word in sorted(asked) if word not in registered]


def _authenticators() -> list[Any]:
    written = rest_framework().get(AUTHENTICATION, ())
    return [_loaded(entry) for entry in _listed(written)]


def _is_ours(authenticator: Any) -> bool:
    return has_base(authenticator, {"tessera.drf.authentication.TokenAuthentication"})


def _loaded(entry: Any) -> Any:
    return imported(entry) if isinstance(entry, str) else entry


def _listed(value: Any) -> Any:
    return value if is_listed(value) else ()


def _classes(view: Any, attribute: str) -> Any:
    return _listed(view.initkwargs.get(attribute, getattr(view.cls, attribute, ())))


def _parts(permission: Any) -> Iterator[Any]:
    """The permissions that `&`, `|` and `~` have made one of, or the one."""
    operands = [getattr(permission, name) for name in ("op1_class", "op2_class") if hasattr(permission, name)]
    yield from chain.from_iterable(map(_parts, operands)) if operands else [permission]


def _views() -> list[Any]:
    """The views of REST framework that have a route."""
    return [view for view in _callbacks() if hasattr(view, "cls") and hasattr(view, "initkwargs")]


def _callbacks() -> list[Any]:
    """All that has a route. Of routes that do not load, Django's own check speaks."""
    routed = attempt(lambda: list(_routed(get_resolver().url_patterns)))
    return [] if isinstance(routed, Exception) else routed


def _routed(patterns: Iterable[Any]) -> Iterator[Any]:
    for pattern in patterns:
        if hasattr(pattern, "url_patterns"):
            yield from _routed(pattern.url_patterns)
        else:
            yield pattern.callback
