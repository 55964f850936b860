"""What schemathesis cannot know of the example. It loads this file itself, in a process of its own.

`PRESENT` says what it puts into the `Authorization` header: nothing, garbage, or a live token of ada's from `EXAMPLE`.
"""

import json
import os
from itertools import cycle
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

import schemathesis

SPENT_AT = ["/api-token-auth/new/", "/api-token-auth/revoke/", "/auth/logout/"]
"""Where a token ends: each request to these has one of its own."""

ALL_SPENT_AT = ["/auth/tokens/revoke-others/", "/auth/tokens/revoke-all/", "/auth/tokens/{token}/"]
"""Where others may end, too: each request to these is grace's."""

ADA = urlencode({"username": "ada", "password": "lovelace-1843"}).encode()
GRACE = urlencode({"username": "grace", "password": "hopper-1906"}).encode()
GARBAGE = cycle(
    [
        "Bearer",
        "Bearer what-is-this",
        "Bearer two words",
        "Token tsra_" + "0" * 91,
        "Bearer " + "x" * 7_000,
        "Basic YWRhOmxvdmVsYWNlLTE4NDM=",
        "Bearer t\xf6k\xe9n",
        ", ,",
    ]
)


EVERY_SECOND = cycle([True, False])


class Presented:
    """Sets what `get` hands out."""

    def get(self, case: Any, context: Any) -> str:
        raise NotImplementedError

    def set(self, case: Any, header: str, context: Any) -> None:
        case.headers["Authorization"] = header


class Garbage(Presented):
    def get(self, case: Any, context: Any) -> str:
        return next(GARBAGE)


class LiveToken(Presented):
    body = ADA

    def get(self, case: Any, context: Any) -> str:
        with urlopen(f"{os.environ['EXAMPLE']}/api-token-auth/", self.body) as answer:
            return f"Bearer {json.load(answer)['token']}"


class GracesToken(LiveToken):
    body = GRACE


def pair() -> Any:
    """A pair of ada's."""
    with urlopen(f"{os.environ['EXAMPLE']}/auth/login/", ADA) as answer:
        return json.load(answer)


# Never asked again because of a 401, which would hide it.
match os.environ["PRESENT"]:
    case "garbage":
        schemathesis.auth(refresh_interval=None)(Garbage)
    case "a live token":
        schemathesis.auth(refresh_interval=None).apply_to(path=SPENT_AT)(LiveToken)
        schemathesis.auth(refresh_interval=None).apply_to(path=ALL_SPENT_AT)(GracesToken)
        schemathesis.auth(retry_on=[]).skip_for(path=[*SPENT_AT, *ALL_SPENT_AT])(LiveToken)


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Every second text for a refresh token is a live one: nothing that is made up ever would be."""
    body = case.body if case.path == "/auth/refresh/" and isinstance(case.body, dict) else {}
    if os.environ["PRESENT"] == "a live token" and isinstance(body.get("refresh_token"), str) and next(EVERY_SECOND):
        body["refresh_token"] = pair()["refresh_token"]


@schemathesis.check
def strangers_are_asked_for_a_token(ctx: Any, response: Any, case: Any) -> None:
    """They may not hear "403": a client would not know that a token helps. It does not help a page of another site."""
    is_forged = response.status_code == 403 and response.json()["detail"].startswith("CSRF Failed: ")
    assert response.status_code != 403 or is_forged or os.environ["PRESENT"] == "a live token"


@schemathesis.hook
def filter_failure(context: Any, failure: Any, case: Any, response: Any) -> bool:
    """What gunicorn refuses itself, a line too long above all, never comes to the example."""
    return not (400 <= response.status_code < 500 and response.content.startswith(b"<html>"))
