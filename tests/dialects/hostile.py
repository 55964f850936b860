"""Sites whose defaults would break the endpoints, if those did not pin what they need."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any
from unittest import mock

import pytest
from django.conf import settings
from django.test import override_settings
from rest_framework.response import Response
from rest_framework.test import APIClient
from rest_framework.throttling import BaseThrottle
from rest_framework.views import exception_handler


class NobodyEver(BaseThrottle):
    def allow_request(self, request: Any, view: Any) -> bool:
        return False


def forgetful(exc: Exception, context: Any) -> Response | None:
    """As many sites write it: its own body, and none of the headers."""
    answer = exception_handler(exc, context)
    return None if answer is None else Response({"error": answer.data}, status=answer.status_code)


@contextmanager
def rest_framework(**defaults: Any) -> Iterator[APIClient]:
    """A site with these defaults. REST framework reads them once, when it makes the class that ours inherit from."""
    from rest_framework import views

    with override_settings(REST_FRAMEWORK={**settings.REST_FRAMEWORK, **defaults}):
        names = ("authentication", "permission", "throttle", "renderer", "parser")
        pinned = {f"{name}_classes": _default(f"DEFAULT_{name.upper()}_CLASSES") for name in names}
        versioning = {"versioning_class": _default("DEFAULT_VERSIONING_CLASS")}
        with mock.patch.multiple(views.APIView, **pinned, **versioning):
            # As a browser sends it whose user is signed in, and which asks for a version that there is not.
            yield APIClient(enforce_csrf_checks=True, headers={"Accept": "application/json; version=1"})


def _default(name: str) -> Any:
    from rest_framework.settings import api_settings

    return getattr(api_settings, name)


World = Callable[[], AbstractContextManager[APIClient]]

_HERE = "tests.dialects.hostile"
WORLDS: dict[str, World] = {
    "sessions only": partial(
        rest_framework, DEFAULT_AUTHENTICATION_CLASSES=["rest_framework.authentication.SessionAuthentication"]
    ),
    "admins only": partial(rest_framework, DEFAULT_PERMISSION_CLASSES=["rest_framework.permissions.IsAdminUser"]),
    "nobody ever": partial(rest_framework, DEFAULT_THROTTLE_CLASSES=[f"{_HERE}.NobodyEver"]),
    "a version in the header": partial(
        rest_framework,
        DEFAULT_VERSIONING_CLASS="rest_framework.versioning.AcceptHeaderVersioning",
        ALLOWED_VERSIONS=["2"],
    ),
    "a version in the namespace": partial(
        rest_framework,
        DEFAULT_VERSIONING_CLASS="rest_framework.versioning.NamespaceVersioning",
        ALLOWED_VERSIONS=["2"],
    ),
    "pages only": partial(rest_framework, DEFAULT_RENDERER_CLASSES=["rest_framework.renderers.StaticHTMLRenderer"]),
    "files only": partial(rest_framework, DEFAULT_PARSER_CLASSES=["rest_framework.parsers.FileUploadParser"]),
    "a forgetful exception handler": partial(rest_framework, EXCEPTION_HANDLER=f"{_HERE}.forgetful"),
}

worlds = pytest.mark.parametrize("world", [pytest.param(world, id=name) for name, world in WORLDS.items()])
