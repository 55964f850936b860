"""The site that is measured: as the other, with what refreshing needs, which would make a log-in of simplejwt write."""

from bench import settings as other
from bench.candidates import LASTING
from bench.settings import *  # noqa: F403

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "rest_framework",
    *dict.fromkeys(app for candidate in LASTING.values() for app in candidate.apps),
]
ROOT_URLCONF = "bench.lasting.site"
# One sign-in is refreshed by far more often than anybody's. The counter stays: it is a part of what that costs.
TESSERA = {**other.TESSERA, "RATES": {"refresh": "1000000/minute"}}
SIMPLE_JWT = {**other.SIMPLE_JWT, "ROTATE_REFRESH_TOKENS": True, "BLACKLIST_AFTER_ROTATION": True}
# One is replayed on purpose, and nobody needs to be told.
LOGGING = {
    "version": 1,
    "handlers": {"nobody": {"class": "logging.NullHandler"}},
    "loggers": {"tessera.audit": {"handlers": ["nobody"]}},
}
