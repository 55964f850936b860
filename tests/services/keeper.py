"""Starts the servers named on its command line, tells where they are, and ends them when its input ends.

The input is a pipe that only the test run holds. The kernel closes it when that process is gone, even by `kill -9`, so
no server outlives its tests. A process of its own, because a dead one cannot tidy up.
"""

import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.services import binaries
from tests.services.binaries import Missing

PATIENCE = 30.0  # Seconds: a start takes half of one on a quiet machine.
LONGEST_FOLDER = 60  # A socket's whole path ends at about 104 bytes.
LOCALE = "en_US.UTF-8" if sys.platform == "darwin" else "C.UTF-8"
IS_ROOT = os.geteuid() == 0
# A socket is the only door, so no port can clash; and nothing here need survive a power cut.
SETTINGS = ("listen_addresses=", "max_connections=200", "fsync=off", "synchronous_commit=off", "full_page_writes=off")

# An empty folder is enough to start in: without accounts, there is no table of them to be made first.
MARIADB_SETTINGS = (
    "skip-networking",
    "skip-grant-tables",
    "max-connections=200",
    "innodb-flush-log-at-trx-commit=0",
    "innodb-doublewrite=0",
    "innodb-stats-persistent=0",
    # As every distribution sets it; the programs alone would say latin1.
    "character-set-server=utf8mb4",
)

Command = list[str | Path]
Server = subprocess.Popen[bytes]


class Account(NamedTuple):
    """Whom a program runs as: by default, whoever runs this."""

    user: int | None = None
    group: int | None = None
    groups: list[str | int] | None = None


def main(names: list[str]) -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    servers: list[Server] = []
    folder = Path(tempfile.mkdtemp(prefix="tessera-", dir=short_folder()))
    try:
        told = {"folder": str(folder)}
        for name in names:
            server, told[name] = STARTERS[name](folder)
            servers.append(server)
        print(json.dumps(told), flush=True)
        sys.stdin.read()
    except Missing as error:
        print(json.dumps({"error": str(error)}), flush=True)
    finally:
        for server in servers:
            end(server)
        shutil.rmtree(folder, ignore_errors=True)


def short_folder() -> str:
    usual = tempfile.gettempdir()
    # Root's own may be closed to the account that PostgreSQL runs as.
    return "/tmp" if IS_ROOT or len(usual) > LONGEST_FOLDER else usual


def start_postgres(folder: Path, chosen: Sequence[str] = SETTINGS) -> tuple[Server, str]:
    home, account = home_of("postgres", folder)
    programs = readable(binaries.postgres(), folder, account)
    data = home / "data"
    words = ["-U", "postgres", "-A", "trust", "-E", "UTF8", f"--locale={LOCALE}", "--no-sync"]
    run([programs / "initdb", "-D", data, *words], home, account)
    settings = [word for setting in chosen for word in ("-c", setting)]
    server = launch([programs / "postgres", "-D", data, "-k", home, *settings], home, account)
    wait(server, home, lambda: "ready" in read(data / "postmaster.pid"))
    return server, f"postgresql://postgres@/postgres?host={home}"


def start_mariadb(folder: Path) -> tuple[Server, str]:
    home, account = home_of("mariadb", folder)
    path = home / "socket"
    settings = [f"--{setting}" for setting in MARIADB_SETTINGS]
    # The file of settings that a machine has is for a server of its own.
    words = ["--no-defaults", f"--datadir={home}", f"--socket={path}", *settings]
    server = launch([binaries.mariadb(), *words], home, account)
    wait(server, home, lambda: "ready for connections" in read(home / "log"))
    return server, f"mysql://root@/?host={path}"


def start_valkey(folder: Path) -> tuple[Server, str]:
    home = folder / "valkey"
    home.mkdir()
    path = home / "socket"
    words = ["--port", "0", "--save", "", "--appendonly", "no", "--databases", "64"]
    server = launch([binaries.valkey(), "--unixsocket", path, *words], home, Account())
    wait(server, home, lambda: answers(path))
    return server, f"unix://{path}"


STARTERS = {"postgres": start_postgres, "mariadb": start_mariadb, "valkey": start_valkey}


def home_of(name: str, folder: Path) -> tuple[Path, Account]:
    """A folder for a server, and who runs it and owns that."""
    home, account = folder / name, unprivileged()
    home.mkdir(mode=0o755)
    if account.user is not None and account.group is not None:
        folder.chmod(0o711)
        os.chown(home, account.user, account.group)
    return home, account


def unprivileged() -> Account:
    """A database refuses to run as root, so it borrows the account that owns nothing; none is made."""
    if not IS_ROOT:
        return Account()
    nobody = pwd.getpwnam("nobody")
    return Account(nobody.pw_uid, nobody.pw_gid, [])


def readable(programs: Path, folder: Path, account: Account) -> Path:
    """The programs where `account` can run them: a virtual environment under a closed home is copied out of it."""
    if account == Account() or runs(programs, folder, account):
        return programs
    install = programs.parent
    package = install.parent
    copied = folder / "copied" / package.name / install.name
    shutil.copytree(install, copied, ignore=shutil.ignore_patterns("include"))
    # A wheel's programs look for their libraries by a relative path, in the folder beside the package.
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, folder / "copied" / libraries.name)
    if not runs(copied / programs.name, folder, account):
        proc = "" if Path("/proc/self").exists() else " Mount /proc: without it the loader finds no libraries."
        raise Missing(f"{programs / 'initdb'} does not run as user nobody.{proc}")
    return copied / programs.name


def runs(programs: Path, folder: Path, account: Account) -> bool:
    for name in ("initdb", "postgres"):
        try:
            run([programs / name, "--version"], folder, account)
        except (OSError, Missing):
            return False
    return True


def run(command: Command, home: Path, account: Account) -> None:
    done = subprocess.run(
        command,
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
        user=account.user,
        group=account.group,
        extra_groups=account.groups,
    )
    if done.returncode:
        raise Missing(f"{command[0]} failed:\n{done.stdout}{done.stderr}")


def launch(command: Command, home: Path, account: Account) -> Server:
    with (home / "log").open("wb") as log:
        return subprocess.Popen(
            command,
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            user=account.user,
            group=account.group,
            extra_groups=account.groups,
        )


def wait(server: Server, home: Path, is_ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not is_ready():
        if server.poll() is not None or time.monotonic() > deadline:
            end(server)
            raise Missing(f"The server for {home.name} did not come up:\n{read(home / 'log')}")
        time.sleep(0.01)


def read(path: Path) -> str:
    try:
        return path.read_text()
    except FileNotFoundError:
        return ""


def answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(str(path))
        except OSError:
            return False
        client.sendall(b"PING\r\n")
        return client.recv(7) == b"+PONG\r\n"


def end(server: Server) -> None:
    # At once, whoever is still connected: that is SIGINT to PostgreSQL, and SIGTERM to MariaDB, which hears no other.
    server.send_signal(signal.SIGTERM if "mariadbd" in str(server.args) else signal.SIGINT)
    try:
        server.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


if __name__ == "__main__":
    main(sys.argv[1:])
