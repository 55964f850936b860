"""The settings of that site."""

from tests.settings import *  # noqa: F403
from tests.settings import DATABASES, INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.sites.members"]
AUTH_USER_MODEL = "members.Member"
# The suite that starts this one is using the other.
DATABASES["default"]["TEST"] = {"NAME": f"{DATABASES['default']['TEST']['NAME']}_members"}  # type: ignore[index]
