"""The routes of the test site that accept or return a credential."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from tessera.drf.endpoint import Endpoint


def credential_endpoints(patterns: Iterable[Any] | None = None, prefix: str = "/") -> Iterator[str]:
    """The path of each. What a route leaves open stands in it as it is written there."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from credential_endpoints(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern) and issubclass(getattr(pattern.callback, "view_class", object), Endpoint):
            yield route
