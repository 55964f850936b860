"""The example, whose own settings know two databases, on a third."""

import os
from importlib import import_module
from urllib.parse import urlsplit

from tests.settings import mariadb

globals().update(vars(import_module(os.environ["EXAMPLE_SETTINGS"])))
DATABASES = {"default": mariadb(urlsplit(os.environ["TEST_MARIADB_URL"])) | {"NAME": os.environ["EXAMPLE_DATABASE"]}}
