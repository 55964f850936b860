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

KNOX_SPENT_AT = ["/api/auth/logout/", "/api/auth/logoutall/"]
"""As the first, after the one word that they accept."""

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
    body, scheme = ADA, "Bearer"

    def get(self, case: Any, context: Any) -> str:
        with urlopen(f"{os.environ['EXAMPLE']}/api-token-auth/", self.body) as answer:
            return f"{self.scheme} {json.load(answer)['token']}"


class GracesToken(LiveToken):
    body = GRACE


class KnoxToken(LiveToken):
    scheme = "Token"


def pair(place: str) -> Any:
    """A pair of ada's, from the log-in of some dialect."""
    with urlopen(os.environ["EXAMPLE"] + place, ADA) as answer:
        return json.load(answer)


LIVE = {
    "/auth/refresh/": ("refresh_token", lambda: pair("/auth/login/")["refresh_token"]),
    "/api/token/refresh/": ("refresh", lambda: pair("/api/token/")["refresh"]),
    "/api/token/verify/": ("token", lambda: pair("/api/token/")["access"]),
    "/api/token/blacklist/": ("refresh", lambda: pair("/api/token/")["refresh"]),
}
"""What a body names, and how it comes to be live."""


# Never asked again because of a 401, which would hide it.
match os.environ["PRESENT"]:
    case "garbage":
        schemathesis.auth(refresh_interval=None)(Garbage)
    case "a live token":
        schemathesis.auth(refresh_interval=None).apply_to(path=SPENT_AT)(LiveToken)
        schemathesis.auth(refresh_interval=None).apply_to(path=ALL_SPENT_AT)(GracesToken)
        schemathesis.auth(refresh_interval=None).apply_to(path=KNOX_SPENT_AT)(KnoxToken)
        schemathesis.auth(retry_on=[]).skip_for(path=[*SPENT_AT, *ALL_SPENT_AT, *KNOX_SPENT_AT])(LiveToken)


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Every second text for a token is a live one: nothing that is made up ever would be."""
    field, made = LIVE.get(case.path, ("", str))
    body = case.body if isinstance(case.body, dict) else {}
    if os.environ["PRESENT"] == "a live token" and isinstance(body.get(field), str) and next(EVERY_SECOND):
        body[field] = made()


@schemathesis.check
def strangers_are_asked_for_a_token(ctx: Any, response: Any, case: Any) -> None:
    """They may not hear "403": a client would not know that a token helps. It does not help a page of another site."""
    is_forged = response.status_code == 403 and response.json()["detail"].startswith("CSRF Failed: ")
    assert response.status_code != 403 or is_forged or os.environ["PRESENT"] == "a live token"


@schemathesis.hook
def filter_failure(context: Any, failure: Any, case: Any, response: Any) -> bool:
    """What gunicorn refuses itself, a line too long above all, never comes to the example."""
    return not (400 <= response.status_code < 500 and response.content.startswith(b"<html>"))
