"""The site of the tests, with a database for each size of table that `BENCH_ROWS` names."""

import os
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import tests.settings
from tests.settings import *  # noqa: F403
from tests.settings import postgres

SERVER = urlsplit(os.environ["TEST_POSTGRES_URL"])
ROWS = [int(rows) for rows in os.environ["BENCH_ROWS"].split()]
DATABASES = {
    "default": postgres(SERVER),
    **{f"rows_{rows}": postgres(SERVER) | {"NAME": f"rows_{rows}"} for rows in ROWS},
}
ALLOWED_HOSTS = ["testserver"]
DATABASE_ROUTERS = ["bench.grown.table.Chosen"]
# The rows are made as used today: so what verifies, verifies, and what is to write is asked apart.
TESSERA = dict[str, Any](tests.settings.TESSERA, LAST_USED_INTERVAL=timedelta(days=1))
