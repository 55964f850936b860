"""The test site as a server serves it, on the database of the tests that started the server."""

import os

from tests.settings import *  # noqa: F403
from tests.settings import DATABASES, REST_FRAMEWORK, TESSERA

DATABASES["default"]["NAME"] = os.environ["SERVED_DATABASE"]
ALLOWED_HOSTS = ["api.example"]
# Of a day: its clock runs on, and a minute could begin while a test counts.
TESSERA["RATES"] = {"name_and_address": "10/day"}  # type: ignore[assignment]
if "SERVED_PROXIES" in os.environ:
    REST_FRAMEWORK["NUM_PROXIES"] = int(os.environ["SERVED_PROXIES"])  # type: ignore[assignment]
