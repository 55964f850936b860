"""A site without REST framework, as a server serves it, where tokens open whatever asks for the user."""

from tests.sites.served import *  # noqa: F403
from tests.sites.served import INSTALLED_APPS, MIDDLEWARE, TESSERA

INSTALLED_APPS = [app for app in INSTALLED_APPS if app not in {"rest_framework", "drf_spectacular", "example"}]
MIDDLEWARE = [*MIDDLEWARE, "tessera.plain.TokenMiddleware"]
ROOT_URLCONF = "tests.sites.plain_urls"
TESSERA["COOKIES"] = True  # type: ignore[assignment]
