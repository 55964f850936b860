"""What the README and docs/ print is true: each page is followed here, from its top to its end.

    ```console     commands, each after `$ `, and what they print
    ```python      with `# some/file.py` as its first line, the end of that file; else typed into `manage.py shell`
    ```html        the same, with `<!-- some/file.html -->`
    ```javascript  the same, with `// some/file.js`; else it is something to look at
    ```diff        applied to the project
    | Request |    a table: each row is sent, and answered as it says

`…` stands for anything. A command fails only where the page shows an `Error`. A page that makes a project begins in an
empty folder, any other where the tutorial ends; what else it takes for granted stands in an HTML comment, or `GIVEN`.
`runserver` takes a free port in place of 8000, and starts again when a file has grown.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

import pytest

import run

pytestmark = [
    pytest.mark.skipif(os.name == "nt", reason="the pages are written for a Unix shell"),
    pytest.mark.skipif(os.environ.get("TEST_DB") != "sqlite", reason="the projects of the pages are on SQLite"),
]

ROOT = Path(__file__).parents[1]
TUTORIAL = ROOT / "docs/tutorial/first-token.md"
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(page for page in ROOT.glob("docs/**/*.md") if "_build" not in page.parts)]
BLOCK = re.compile(
    r"^```(?P<language>\S+).*\n(?P<text>(?:.*\n)*?)```$|^\| Request .*\n.*\n(?P<rows>(?:\|.*\n)+)", re.MULTILINE
)
LINK = re.compile(r"\[(?P<words>[^\]\[]*)\]\((?P<to>[^)\s#:]*)(?:#[^)\s]*)?\)")
COMMAND = re.compile(r"^\$ ((?:.*\\\n)*.*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)

NOT_RUN = {
    "pip install ": "the tests have an environment; .ci/run installs the wheel into an empty one",
    "python3 -m venv ": "the tests have an environment",
    "python3 run.py ": ".ci/run calls it, and it is what runs this",
    "git clone ": "it needs the network",
    "KEYS_URL=": "tests/elsewhere starts it, beside a server of ours",
    "python manage.py compilemessages": "it needs GNU gettext",
}
"""How a command begins that is printed and not run, and why."""

NAMED = re.compile(r"(?:#|//|<!--) (\S+\.(?:py|js|html))(?: -->)?\n")
"""The first line of a block that is a file."""

NOT_RUN_LANGUAGES = {
    "apache": "it needs Apache",
    "html": "it needs a browser: tests/browser has one",
    "javascript": "it needs a browser: tests/browser has one",
    "nginx": "it needs nginx",
    "sql": "it needs PostgreSQL",
    "text": "it is something to look at",
}

GIVEN = {
    "README.md": """
```console
$ django-admin startproject mysite .
```
```python
# mysite/settings.py
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # In a hurry.
```
```console
$ python manage.py migrate
$ DJANGO_SUPERUSER_PASSWORD=lovelace-1843 python manage.py createsuperuser --no-input --username ada --email a@b.org
```
```python
# mysite/urls.py
from rest_framework.decorators import api_view
from rest_framework.response import Response


@api_view()
def me(request):
    return Response({"user": request.user.get_username()})


urlpatterns += [path("me/", me)]
```
""",
    "authtoken.md": """
```console
$ cp -R "$ROOT"/tests/dialects/authtoken/project/. .
$ python manage.py migrate
$ python manage.py shell -c 'User.objects.create_user("ada", password="lovelace-1843")'
$ KEY=$(python manage.py drf_create_token ada | cut -d " " -f 3)
```
""",
    "knox.md": """
```console
$ cp -R "$ROOT"/tests/dialects/knox/project/. .
$ python manage.py migrate
$ python manage.py shell -c 'User.objects.create_user("ada", password="lovelace-1843")'
$ TOKEN=$(python manage.py shell -v 0 -c 'print(AuthToken.objects.create(User.objects.get())[1])')
$ BASIC=$(printf ada:lovelace-1843 | base64)
```
""",
    "simplejwt.md": """
```console
$ cp -R "$ROOT"/tests/dialects/simplejwt/project/. .
$ python manage.py migrate
$ python manage.py shell -c 'User.objects.create_user("ada", password="lovelace-1843")'
```
```python
from rest_framework_simplejwt.tokens import RefreshToken

refresh = RefreshToken.for_user(User.objects.get())
with open("tokens", "w") as file:
    print(refresh.access_token, refresh, file=file)
```
```console
$ read ACCESS REFRESH <tokens
```
""",
}
"""What a page takes for granted and is too long for a comment where people read the page as it is written."""

ADDRESS = "127.0.0.1:8000"
PATIENCE = 240.0

PRELUDE = r"""
curl() { command curl --silent "$@"; }  # In a terminal it shows no progress either.
django-admin() {  # A real hasher takes a third of a second, and every page signs in.
    command django-admin "$@" &&
        echo 'PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]' >>mysite/settings.py
}
serve() {
    if [ -n "$server" ]; then kill "$server"; wait "$server"; fi
    python manage.py runserver --noreload "$PORT" >"$LOG" 2>&1 & server=$! stale=
    until (: </dev/tcp/127.0.0.1/"$PORT"); do kill -0 "$server" || return; sleep 0.05; done
} 2>/dev/null
append_to() { mkdir -p "$(dirname "$1")"; cat >>"$1"; stale=$server; }
refresh() { if [ -n "$stale" ]; then serve; fi; }
"""


@dataclass(frozen=True)
class Step:
    """One thing to do, and what must come of it."""

    where: str
    command: str
    shown: str | None = None
    pattern: str = ".*"


def steps(page: Path) -> Iterator[Step]:
    """What `page` tells its reader to do."""
    given = GIVEN.get(page.name, "")
    text = given + page.read_text()
    for block in BLOCK.finditer(text):
        line = text.count("\n", 0, block.start()) - given.count("\n") + 1
        where = f"{page.relative_to(ROOT)}:{line}" if line > 0 else f"what {page.name} takes for granted"
        if block["rows"]:
            yield from (sent(where, row) for row in block["rows"].splitlines())
        elif block["language"] == "console":
            for command, shown in COMMAND.findall(block["text"]):
                if not command.startswith(tuple(NOT_RUN)):
                    yield Step(where, command, *((shown, as_pattern(shown.strip())) if shown.strip() else ()))
        elif path := NAMED.match(block["text"]):
            yield Step(where, f"append_to {path[1]} <<'END OF BLOCK'\n\n{block['text']}END OF BLOCK")
        elif block["language"] == "python":
            yield Step(where, f"python manage.py shell <<'END OF BLOCK'\n\n{block['text']}END OF BLOCK")
        elif block["language"] == "diff":
            yield Step(where, f"patch -p1 -F0 <<'END OF BLOCK'\n{block['text']}END OF BLOCK")


def sent(where: str, row: str) -> Step:
    """A row of a table: method and path, headers, body; then status, headers, body."""
    asked, answered = (re.findall(r"`([^`]+)`", cell) for cell in row.strip("|").split("|")[:2])
    method, path = asked[0].split()
    command = f"curl --include --request {method} http://{ADDRESS}{path}"
    for span in asked[1:]:
        if re.match(r"[\w-]+: ", span):
            command += f' --header "{span}"'
        elif span[0] in "{[":
            command += f" --data '{span}' --header 'Content-Type: application/json'"
        else:
            command += f' --data "{span}"'
    # Django writes two spaces before a cookie.
    rest = "".join(rf"(?=.*^{as_pattern(span)}$)" for span in answered[1:]).replace(r"Cookie:\ ", r"Cookie:\ +")
    return Step(where, command, "\n".join(answered), rf"{rest}HTTP/1.1 {answered[0]} .*")


def prepared(command: str) -> str:
    return command if command.startswith("append_to") else f"refresh; {command}"


def as_pattern(shown: str) -> str:
    return re.escape(shown).replace("…", ".*")


def follow(page: Path, folder: Path) -> None:
    """Do in `folder` what `page` says, and fail where it is not true."""
    wanted, port = list(steps(page)), run.free_port()
    script = PRELUDE + "\n".join(f"{prepared(step.command)}\nprintf '\\n\\036%d\\036' $?" for step in wanted)
    script = script.replace("python manage.py runserver\n", "serve\n").replace(ADDRESS, f"127.0.0.1:{port}")
    log, told = folder.parent / f"{page.stem}.server", folder.parent / f"{page.stem}.told"
    environ = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    environ |= {"LOG": str(log), "PORT": str(port), "ROOT": str(ROOT)}
    environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environ['PATH']}"
    with told.open("wb") as output:
        reader = subprocess.Popen(
            ["bash", "-c", script],
            cwd=folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            with suppress(subprocess.TimeoutExpired):  # What it hung in, the output tells.
                reader.wait(PATIENCE)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(reader.pid, signal.SIGKILL)  # The server outlives what started it.
            reader.wait()
    answers = told.read_text().replace("\r", "").replace(f"127.0.0.1:{port}", ADDRESS).split("\x1e")
    for step, answer, status in zip_longest(wanted, answers[:-1:2], answers[1::2]):
        if status is None:
            fail(step, f"It never ended:\n{answers[-1]}", log)
        elif status != "0" and "Error" not in (step.shown or ""):
            fail(step, f"It ended with {status}:\n{answer.strip()}", log)
        elif not re.fullmatch(step.pattern, answer.strip(), re.MULTILINE | re.DOTALL):
            fail(step, f"The page says:\n{step.shown}\n\nThe answer is:\n{answer.strip()}", log)


def fail(step: Step, why: str, log: Path) -> None:
    served = f"\n\nThe server, at its end:\n{log.read_text()[-2000:]}" if log.exists() else ""
    pytest.fail(f"{step.where}\n\n$ {step.command}\n\n{why}{served}", pytrace=False)


PAGES_TO_FOLLOW = [page for page in PAGES if page != TUTORIAL and any(steps(page))]


@pytest.fixture(scope="session")
def after_tutorial(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project that the tutorial makes."""
    folder = tmp_path_factory.mktemp("tutorial") / "project"
    folder.mkdir()
    follow(TUTORIAL, folder)
    return folder


def test_the_tutorial_is_true(after_tutorial):
    assert (after_tutorial / "manage.py").exists()


@pytest.mark.parametrize("page", PAGES_TO_FOLLOW, ids=lambda page: page.stem)
def test_a_page_is_true(page, request, tmp_path):
    folder = tmp_path / "project"
    if page.name in GIVEN or "startproject" in page.read_text():
        folder.mkdir()
    else:
        shutil.copytree(request.getfixturevalue("after_tutorial"), folder)

    follow(page, folder)


def test_every_block_is_followed_or_has_a_reason_not_to_be():
    blocks = [(page.name, block) for page in PAGES for block in BLOCK.finditer(page.read_text()) if block["language"]]

    odd = {
        (page, block["language"])
        for page, block in blocks
        if (block["language"] == "console" and not block["text"].startswith("$ "))
        or (block["language"][0] != "{" and block["language"] not in {"console", "python", "diff", *NOT_RUN_LANGUAGES})
    }

    assert odd == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_link_has_words_and_leads_somewhere(page):
    links = [(link["words"], link["to"]) for link in LINK.finditer(page.read_text())]

    assert [to for words, to in links if not words] == []  # GitHub shows nothing for one without.
    assert [to for _, to in links if not (page.parent / to).exists()] == []
