"""The site that is measured: as the other, with what refreshing needs, which would make a log-in of simplejwt write."""

from bench.candidates import LASTING
from bench.settings import *  # noqa: F403
from bench.settings import SIMPLE_JWT as OF_THE_OTHER

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "rest_framework",
    *dict.fromkeys(app for candidate in LASTING.values() for app in candidate.apps),
]
ROOT_URLCONF = "bench.lasting.site"
SIMPLE_JWT = {**OF_THE_OTHER, "ROTATE_REFRESH_TOKENS": True, "BLACKLIST_AFTER_ROTATION": True}
# One is replayed on purpose, and nobody needs to be told.
LOGGING = {
    "version": 1,
    "handlers": {"nobody": {"class": "logging.NullHandler"}},
    "loggers": {"tessera.audit": {"handlers": ["nobody"]}},
}
