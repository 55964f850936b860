"""A PostgreSQL for the measurements, as careful as one in production, and gone afterwards."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.services import keeper

SETTINGS = (
    "listen_addresses=",
    "max_connections=200",
    "shared_buffers=2GB",
    "maintenance_work_mem=512MB",
    "max_wal_size=8GB",
    "random_page_cost=1.1",
)
"""All else is the default: `fsync` and `synchronous_commit` too, which the suite's own server leaves off."""


@contextmanager
def postgres() -> Iterator[str]:
    """The URL of a server: the one that `TEST_POSTGRES_URL` names, or a new one."""
    if url := os.environ.get("TEST_POSTGRES_URL"):
        yield url
        return
    folder = Path(tempfile.mkdtemp(prefix="tessera-bench-", dir=keeper.short_folder()))
    try:
        server, url = keeper.start_postgres(folder, SETTINGS)
        try:
            yield url
        finally:
            keeper.end(server)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
