"""The site that the variable `SITE` names, on the database that `SITE_DATABASE` names."""

import os

from tests.settings import *  # noqa: F403
from tests.settings import DATABASES

SITES: dict[str, dict[str, object]] = {
    "uuid key": {"AUTH_USER_MODEL": "sites.UuidKey"},
    "char key": {"AUTH_USER_MODEL": "sites.CharKey"},
    "other key": {"AUTH_USER_MODEL": "sites.OtherKey", "DEFAULT_AUTO_FIELD": "django.db.models.SmallAutoField"},
    "no username": {"AUTH_USER_MODEL": "sites.NoUsername", "DEFAULT_AUTO_FIELD": "django.db.models.AutoField"},
    "child": {"AUTH_USER_MODEL": "sites.Child"},
    "child of users": {"AUTH_USER_MODEL": "sites.Employee"},
    "proxy": {"AUTH_USER_MODEL": "sites.Proxied"},
    "converted": {"AUTH_USER_MODEL": "sites.Converted"},
    "odd columns": {"AUTH_USER_MODEL": "sites.OddColumns"},
    "hidden": {"AUTH_USER_MODEL": "sites.Hidden"},
    "naive": {"USE_TZ": False, "TIME_ZONE": "America/Chicago"},
}

if "SITE" in os.environ:
    globals().update(SITES[os.environ["SITE"]])
    DATABASES["default"]["NAME"] = os.environ["SITE_DATABASE"]

INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "rest_framework", "tessera", "tests.sites"]
MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
ROOT_URLCONF = "tests.sites.urls"
ALLOWED_HOSTS = ["testserver"]
