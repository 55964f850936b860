"""The example keeps the promises of its OpenAPI document, whatever is sent to it: schemathesis makes that up."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest

import run
from tests.example import serving

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="gunicorn needs fork")

SEED = os.environ.get("FUZZ_SEED", "1843")
EXAMPLES = os.environ.get("FUZZ_EXAMPLES", "8")

PROMISES = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
    "allow_header_conformance",
    "ignored_auth",
    "use_after_free",
    "ensure_resource_availability",
    "strangers_are_asked_for_a_token",
]
"""Two are left out. REST framework takes a number for a text, and a wrong password is well-formed."""


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of an example that nobody else needs."""
    with serving(tmp_path_factory.mktemp("fuzzed"), "tests.sites.fuzzed") as url:
        yield url


@pytest.mark.parametrize(
    ("presented", "phases"),
    [
        pytest.param("a live token", "coverage,fuzzing,stateful", id="a live token"),
        pytest.param("nothing", "fuzzing", id="nothing"),
        pytest.param("garbage", "fuzzing", id="garbage"),
    ],
)
def test_the_example_keeps_the_promises_of_its_document(fuzzed, tmp_path, presented, phases):
    words = ["--checks", ",".join(PROMISES), "--phases", phases, "--seed", SEED, "--max-examples", EXAMPLES]

    done = subprocess.run(
        [
            Path(sys.executable).with_name("st"),
            "run",
            f"{fuzzed}/schema/",
            "--no-color",
            "--warnings=missing_auth",
            *words,
        ],
        cwd=tmp_path,  # It keeps what it found, and would begin with that the next time.
        env=os.environ
        | {"SCHEMATHESIS_HOOKS": "tests.fuzzing", "PYTHONPATH": str(run.ROOT)}
        | {"PRESENT": presented, "EXAMPLE": fuzzed},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, f"FUZZ_SEED={SEED} brings this back:\n{done.stdout}{done.stderr}"
    assert re.search(r"Selected: (\d+)/\1\n +Tested: \1\n", done.stdout)
    # Else it has seen no more than the doors, from outside.
    assert ("Authentication failed" not in done.stdout) == (presented == "a live token")


@pytest.mark.parametrize(
    ("place", "body"),
    [
        pytest.param("/albums/", "[" * 60_000, id="60,000 lists in each other"),
        pytest.param("/tracks/", '{"title": "A", "album": 1e400}', id="an infinite album"),
        pytest.param(
            "/tracks/", '{"title": "A", "duration": "999999999 23:59:59"}', id="a track of three million years"
        ),
        pytest.param("/tracks/", '{"title": "A", "duration": "-999999999 00:00:00"}', id="and one before all time"),
    ],
)
def test_what_was_a_crash_once_is_a_400(fuzzed, place, body):
    ada = urlencode({"username": "ada", "password": "lovelace-1843"}).encode()
    with urlopen(f"{fuzzed}/api-token-auth/", ada) as answer:
        token = json.load(answer)["token"]
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    with pytest.raises(HTTPError) as refused:
        urlopen(Request(fuzzed + place, body.encode(), headers))

    with refused.value as answer:
        assert (answer.status, answer.headers["Content-Type"]) == (400, "application/json")
