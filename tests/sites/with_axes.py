"""A site that locks people out by django-axes, on the database that `SITE_DATABASE` names."""

import os
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse

from tests.settings import *  # noqa: F403
from tests.settings import DATABASES, INSTALLED_APPS, MIDDLEWARE, TESSERA

DATABASES["default"]["NAME"] = os.environ["SITE_DATABASE"]
DATABASES["default"]["ATOMIC_REQUESTS"] = True
INSTALLED_APPS.append("axes")
MIDDLEWARE.append("axes.middleware.AxesMiddleware")
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]


def locked_out(request: HttpRequest, response: HttpResponse | None, credentials: Any) -> JsonResponse:
    """What takes the place of our answer, in words that a client of an API reads."""
    return JsonResponse({"detail": "Locked out.", "code": "too_many_attempts"}, status=429)


AXES_FAILURE_LIMIT = 3
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_CLIENT_IP_CALLABLE = "tessera.web.origin.address_of"
AXES_LOCKOUT_CALLABLE = "tests.sites.with_axes.locked_out"
AXES_RESET_ON_SUCCESS = True
ALLOWED_HOSTS = ["testserver"]
TESSERA["RATES"] = {"name_and_address": "20/minute"}  # type: ignore[assignment]
# It warns of each failure, and what is on stderr is an error here.
LOGGING = {"version": 1, "disable_existing_loggers": False, "loggers": {"axes": {"level": "CRITICAL"}}}
