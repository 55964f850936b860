#!/usr/bin/env python3
"""Everything that a newcomer or CI runs, from a fresh checkout and any Python from 3.11 on.

    python3 run.py demo            serve the example, with lines to paste into another terminal
    python3 run.py demo --once     walk through the example once and stop
    python3 run.py test [ARGS…]    the suite, on PostgreSQL and then on SQLite; ARGS go to pytest
    python3 run.py test --browser [ARGS…]
                                   the example in the machine's Chromium (Debian: chromium)
    python3 run.py check           formatting, lint, types, import floors, migrations
    python3 run.py bench [ARGS…]   what a request costs, beside the peers; ARGS are --quick, --json FILE, --chart FILE
    python3 run.py bench scale     how the cost grows up to ten million tokens
    python3 run.py bench served    requests a second through gunicorn and PostgreSQL, beside the peers
    python3 run.py docs            the documentation, into docs/_build

What they need is installed, from pinned and hash-checked requirements, into .venv (or the folder that VENV names).
TEST_DB=postgres, TEST_DB=sqlite or TEST_DB=mariadb makes `test` run on that one; for the last, the machine must have a
server (Debian: mariadb-server-core).
"""

from __future__ import annotations  # An older Python must get as far as being told that it is too old.

import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / os.environ.get("VENV", ".venv")
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
DATABASES = {"postgres": "PostgreSQL", "sqlite": "SQLite", "mariadb": "MariaDB"}
USUAL = ("postgres", "sqlite")  # No wheel brings the third.
PATIENCE = 30.0  # Seconds that the demo's server may take to answer.

CURL_LINES = """
The example is at {url} until Ctrl-C. In another terminal, paste these lines.

Sign in as ada. Every answer is another token.

  TOKEN=$(curl -s {url}/api-token-auth/ -d username=ada -d password=lovelace-1843 | cut -d'"' -f4)

Look, which needs no token, and add, which does.

  curl -sw '\\n' {url}/tracks/
  curl -sw '\\n' {url}/tracks/ -H "Authorization: Bearer $TOKEN" -d 'title=Note G' -d album=1

Trade the token for a new one. The old one is dead from then on.

  OLD=$TOKEN
  TOKEN=$(curl -s {url}/api-token-auth/new/ -X POST -H "Authorization: Bearer $OLD" | cut -d'"' -f4)
  curl -siw '\\n' {url}/tracks/ -H "Authorization: Bearer $OLD"

End it, and see it refused.

  curl -siw '\\n' {url}/api-token-auth/revoke/ -X POST -H "Authorization: Bearer $TOKEN"
  curl -siw '\\n' {url}/tracks/ -H "Authorization: Bearer $TOKEN"

Sign in for a pair, which lasts: trade its refresh token for the next pair.

  REFRESH=$(curl -s {url}/auth/login/ -d username=ada -d password=lovelace-1843 | cut -d'"' -f14)
  curl -sw '\\n' {url}/auth/refresh/ -d refresh_token=$REFRESH

Or in a browser:

  {url}/app/       a page: sign in as ada (lovelace-1843), see your devices, add a track
  {url}/tracks/    the browsable API; log in as ada (lovelace-1843) or grace (hopper-1906)
  {url}/admin/     as admin (babbage-1791); add a user with an e-mail address, and the mail is shown here
  {url}/schema/    the OpenAPI document
"""
"""No line of a shell is a comment: zsh, which a Mac has, takes none where people type."""


def main(words: list[str]) -> int:
    if sys.version_info < (3, 11):
        sys.exit(f"tessera needs Python 3.11 or newer; this is {sys.version.split()[0]}.")
    if words[:1] == ["test"]:
        return test(words[1:])
    if words[:1] == ["bench"]:
        return bench(words[1:])
    commands = {("demo",): demo, ("demo", "--once"): demo_once, ("check",): check, ("docs",): docs}
    if command := commands.get(tuple(words)):
        return command()
    print(__doc__)
    return 0 if words in (["-h"], ["--help"]) else 2


# The commands


def demo() -> int:
    install("demo")
    environ = example_environ(ROOT / "example.sqlite3")
    fill(environ)
    try:
        with served(environ, free_port(8000)) as url:
            print(CURL_LINES.format(url=url), flush=True)
            while True:
                time.sleep(60)
    except KeyboardInterrupt:
        print()
    return 0


def demo_once() -> int:
    install("demo")
    with tempfile.TemporaryDirectory(prefix="tessera-") as folder:
        environ = example_environ(Path(folder) / "example.sqlite3")
        fill(environ)
        with served(environ, free_port()) as url:
            return run("-m", "example.tour", url, **environ)


def test(arguments: list[str]) -> int:
    wanted = os.environ.get("TEST_DB")
    if wanted and wanted not in DATABASES:
        sys.exit(f"TEST_DB is one of: {', '.join(DATABASES)}.")
    if arguments[:1] == ["--browser"]:
        return test_in_a_browser(arguments[1:], wanted or USUAL[0])
    install("test")
    # Whoever picks some tests waits for the start of the workers more than for the tests.
    arguments = arguments or ["-n", "2"]
    failed: list[str] = []
    for key in [wanted] if wanted else USUAL:
        heading(f"The suite on {DATABASES[key]}")
        if run("-m", "pytest", *arguments, TEST_DB=key):
            failed.append(DATABASES[key])
    return verdict(failed)


def test_in_a_browser(arguments: list[str], database: str) -> int:
    chromium()  # Asked for before much is installed to drive it.
    install("browser")
    heading(f"The example in a browser, on {DATABASES[database]}")
    return run("-m", "pytest", "-o", "testpaths=tests/browser", *arguments, TEST_DB=database)


def check() -> int:
    install("check")
    steps = {
        "Formatting": ["-m", "ruff", "format", "--check", "."],
        "Lint": ["-m", "ruff", "check", "."],
        "Types": ["-m", "mypy", "run.py", "src", "tests", "example", "bench"],
        "Import floors": ["-c", "from importlinter.cli import lint_imports_command as go; go()", "--no-logo"],
        "Migrations": ["-m", "django", "makemigrations", "--check", "--dry-run"],
    }
    failed = []
    for name, words in steps.items():
        heading(name)
        if run(*words, TEST_DB="sqlite", DJANGO_SETTINGS_MODULE="tests.settings"):
            failed.append(name)
    return verdict(failed)


def bench(arguments: list[str]) -> int:
    install("bench")
    return run("-m", "bench", *arguments)


def docs() -> int:
    install("docs")
    code = run("-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html", "docs", "docs/_build")
    if not code:
        print(f"Open {(ROOT / 'docs/_build/index.html').as_uri()}")
    return code


# The example


def example_environ(database: Path) -> dict[str, str]:
    return {"DJANGO_SETTINGS_MODULE": "example.settings", "TESSERA_EXAMPLE_DB": str(database)}


def fill(environ: dict[str, str]) -> None:
    for words in (["migrate", "--verbosity", "0"], ["seed"]):
        if code := run("-m", "django", *words, **environ):
            sys.exit(code)


@contextmanager
def served(environ: dict[str, str], port: int) -> Iterator[str]:
    address = f"127.0.0.1:{port}"
    environ |= {"DJANGO_BASE_URL": f"http://{address}"}
    # A Ctrl-C is for this process, which then ends the server: told twice at once, gunicorn's worker may hang.
    server = subprocess.Popen(serving(address), cwd=ROOT, env=os.environ | environ, start_new_session=True)
    try:
        wait_for(server, port)
        yield f"http://{address}"
    finally:
        server.terminate()
        server.wait()


def serving(address: str) -> list[str | Path]:
    if os.name == "nt":  # gunicorn needs fork.
        return [PYTHON, "-m", "django", "runserver", "--noreload", address]
    # Its control socket lies in the home directory, which not every user has.
    quiet = ["--log-level", "warning", "--no-control-socket", "--graceful-timeout", "5"]
    application = "django.core.wsgi:get_wsgi_application()"
    return [PYTHON, "-m", "gunicorn", "--bind", address, "--threads", "4", *quiet, application]


def wait_for(server: subprocess.Popen[bytes], port: int) -> None:
    """Let the server answer something.

    That it takes connections is not enough: gunicorn's worker may still be starting, and then does not hear a Ctrl-C.
    """
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and server.poll() is None:
        with closing(HTTPConnection("127.0.0.1", port, timeout=PATIENCE)) as client, suppress(OSError, HTTPException):
            client.request("OPTIONS", "/api-token-auth/")
            client.getresponse()
            return
        time.sleep(0.05)
    sys.exit("The example's server did not come up; it says why above.")


def free_port(wanted: int = 0) -> int:
    with socket.socket() as probe:
        # As the server does it: a port that only rests after its last use counts as free.
        if os.name != "nt":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            return free_port()
        port: int = probe.getsockname()[1]
        return port


# The environment


def chromium() -> str:
    """The program of the machine's own Chromium: nothing here brings one."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    sys.exit("There is no Chromium on the PATH. Debian: apt-get install chromium")


def install(group: str) -> None:
    """Bring .venv to what `group` pins; when nothing changed since last time, do nothing."""
    pins = ROOT / "requirements" / f"{group}.txt"
    stamp, inputs = VENV / f"{group}.stamp", fingerprint(pins)
    if is_ours() and stamp.exists() and stamp.read_text() == inputs:
        return
    print(f"Installing what `{group}` needs into {VENV.name}", flush=True)
    if not is_ours():
        make_venv()
    pip("--require-hashes", "-r", str(pins))
    # The build tool is among the pins, so building takes nothing from anywhere.
    pip("--no-deps", "--no-build-isolation", "-e", str(ROOT))
    stamp.write_text(inputs)


def fingerprint(pins: Path) -> str:
    digest = hashlib.sha256(sys.version.encode())
    for path in (pins, ROOT / "pyproject.toml"):
        digest.update(path.read_bytes())
    # A checkout that was moved has its old path in the editable install.
    digest.update(str(ROOT).encode())
    return digest.hexdigest()


def is_ours() -> bool:
    """Whether the virtual environment is there, and of the Python that runs this."""
    try:
        answer = subprocess.check_output([PYTHON, "-c", "import sys; print(sys.version)"], text=True)
    except (OSError, subprocess.CalledProcessError):
        return False
    return answer.strip() == sys.version


def make_venv() -> None:
    try:
        import ensurepip  # noqa: F401, PLC0415  Debian ships it apart, and venv would only say "exit status 1".
        import venv  # noqa: PLC0415
    except ImportError:
        sys.exit("This Python cannot make virtual environments. On Debian and Ubuntu: apt-get install python3-venv")
    venv.create(VENV, clear=True, with_pip=True)


def pip(*words: str) -> None:
    if code := run("-m", "pip", "--disable-pip-version-check", "install", "-qq", "--no-input", *words):
        sys.exit(code)


# The words


def run(*words: str, **environ: str) -> int:
    return subprocess.run([PYTHON, *words], cwd=ROOT, env=os.environ | environ, check=False).returncode


def heading(text: str) -> None:
    print(f"\n== {text}", flush=True)


def verdict(failed: list[str]) -> int:
    if failed:
        print(f"Failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def leave_nothing_behind() -> None:
    """Let `finally` run, and so the demo's server stop, when something ends this process politely.

    A terminal that is closed says SIGHUP: gunicorn takes that for "read your settings again", and would live on.
    """
    for name in {"SIGTERM", "SIGHUP"} & set(dir(signal)):
        signal.signal(getattr(signal, name), lambda number, _: sys.exit(128 + number))


if __name__ == "__main__":
    leave_nothing_behind()
    sys.exit(main(sys.argv[1:]))
