"""The same conversations with the real knox and with ours: status, headers and bodies side by side.

Where the two differ stands in `WANTED` with its reason, and with the number of the fault of the peer's that it is. What
differs beyond that fails, and so does what stands there and differs no more.
"""

import json
from base64 import b64encode
from collections.abc import Iterable
from typing import Any, NamedTuple
from urllib.parse import urlencode

import pytest

from tests.dialects.knox.beside import Answered, Asked, Conversation
from tests.processes import python

ADA = {"username": "ada", "password": "lovelace-1843"}
JSON, FORM = "application/json", "application/x-www-form-urlencoded"
HOUR, DAY = 3600, 24 * 3600


def basic(name: str = "ada", password: str = "lovelace-1843") -> str:
    return f"Basic {b64encode(f'{name}:{password}'.encode()).decode()}"


def asked(method: str, path: str, body: Any = None, after: float = 0, **headers: Any) -> Asked:
    told = {name.replace("_", "-"): value for name, value in headers.items() if value is not None}
    return {"method": method, "path": path, "headers": told, "after": after, **(body or {})}  # type: ignore[typeddict-item]


def log_in(path: str = "/login/", header: str = basic(), after: float = 0) -> Asked:
    return asked("POST", path, after=after, Authorization=header)


def as_json(data: object) -> dict[str, str]:
    return {"content_type": JSON, "body": json.dumps(data)}


def in_body(data: object, path: str = "/body/login/", **headers: Any) -> Asked:
    return asked("POST", path, as_json(data), **headers)


def whoami(header: str | None = "Token {token}", path: str = "/whoami/", after: float = 0) -> Asked:
    return asked("GET", path, after=after, Authorization=header)


def posted(path: str, header: str = "Token {token}", method: str = "POST") -> Asked:
    return asked(method, path, Authorization=header)


def a(*requests: Asked, **told: Any) -> Conversation:
    return {"told": told, "asked": list(requests)}


INVALID = "Invalid token."
NOT_PRESENTED = "Authentication credentials were not provided."
CHARACTERS = "Invalid token header. Token string should not contain invalid characters."
FULL = "Maximum amount of tokens allowed per user exceeded."

HEADERS = {
    "the prefix alone": "Token",
    "the prefix and a space": "Token ",
    "two words": "Token a b",
    "three words": "Token a b c",
    "an unknown token": f"Token {'a' * 64}",
    "a token that is too short": "Token a",
    "a token of odd length": f"Token {'a' * 63}",
    "a token that is no hex": f"Token {'z' * 64}",
    "a long token": f"Token {'a' * 2000}",
    "lower case": "token x",
    "upper case": "TOKEN x",
    "another scheme": "Bearer x",
    "a scheme that begins alike": "Tokens x",
    "no space after the prefix": "Token:x",
    "an empty header": "",
    "spaces": "   ",
    "UTF-8, and no ASCII": "Token \xc3\xa9",
}
BODIES = {
    "right": ADA,
    "wrong password": {**ADA, "password": "wrong"},
    "unknown name": {**ADA, "username": "nobody"},
    "inactive user": {**ADA, "username": "bob"},
    "nothing": {},
    "no password": {"username": "ada"},
    "no name": {"password": "x"},
    "both blank": {"username": "", "password": ""},
    "null for both": {"username": None, "password": None},
    "a list for a body": [ADA],
    "a list for a field": {**ADA, "username": ["ada"]},
    "a NUL": {**ADA, "password": "lovelace\0"},
}
METHODS = ("GET", "HEAD", "PUT", "PATCH", "DELETE", "TRACE")

CONVERSATIONS: dict[str, Conversation] = {
    "log in by Basic": a(log_in(), whoami()),
    "log in by a view with Basic": a(log_in("/basic/login/"), whoami()),
    "log in by Basic with a wrong password": a(log_in(header=basic(password="wrong"))),
    "log in by Basic as nobody": a(log_in(header=basic("nobody"))),
    "log in by Basic, inactive": a(log_in(header=basic("bob"))),
    "log in by Basic, cut short": a(log_in(header="Basic")),
    "log in with nothing": a(asked("POST", "/login/")),
    "log in twice": a(log_in(), log_in(), whoami()),
    "log in by a view that is open to anybody": a(log_in("/anybody/login/"), whoami()),
    **{f"log in by the recipe: {name}": a(in_body(data)) for name, data in BODIES.items()},
    "log in by the recipe, and go in": a(in_body(ADA), whoami()),
    "log in by the recipe, by form": a(
        asked("POST", "/body/login/", {"content_type": FORM, "body": urlencode(ADA)}), whoami()
    ),
    **{
        f"log in by Basic, and a body: {name}": a(
            asked("POST", "/login/", {"content_type": kind, "body": body}, Authorization=basic())
        )
        for name, kind, body in [
            ("JSON", JSON, '{"username": "bob"}'),
            ("a form", FORM, "username=bob"),
            ("no JSON", JSON, "{"),
            ("another type", "text/plain", "ada"),
            ("no type", "", "ada"),
        ]
    },
    **{
        f"{method} at {path}": a(asked(method, path, Authorization=basic()))
        for path in ("/login/",)
        for method in METHODS
    },
    **{
        f"{method} at {path}": a(log_in(), asked(method, path, Authorization="Token {token}"))
        for path in ("/logout/", "/logoutall/")
        for method in METHODS
    },
    **{f"whoami with {name}": a(whoami(header)) for name, header in HEADERS.items()},
    "whoami with no header": a(whoami(None)),
    "whoami of any": a(whoami(None, "/any/"), whoami(basic(), "/any/"), log_in(), whoami(path="/any/")),
    **{
        f"whoami with a token after {scheme}": a(log_in(), whoami(f"{scheme} {{token}}"))
        for scheme in ("token", "TOKEN", "Bearer", "Basic")
    },
    "whoami with a token after spaces": a(log_in(), whoami("  Token   {token}  ")),
    "whoami with a token and a letter more": a(log_in(), whoami("Token {token}0")),
    "whoami with a token in brackets": a(log_in(), whoami("Token <{token}>")),
    **{f"logout with {name}": a(posted("/logout/", header)) for name, header in HEADERS.items()},
    **{f"logoutall with {name}": a(posted("/logoutall/", header)) for name, header in HEADERS.items()},
    "logout with Basic": a(posted("/logout/", basic())),
    "logoutall with Basic": a(posted("/logoutall/", basic())),
    "log out": a(log_in(), posted("/logout/"), whoami(), posted("/logout/")),
    "log out of one of two": a(log_in(), log_in(), posted("/logout/"), whoami(), log_in(), whoami()),
    "log out of all": a(log_in(), log_in(), posted("/logoutall/"), whoami(), log_in(), whoami()),
    "log out of all with words": a(log_in(), posted("/bye/logout/"), whoami()),
    "the hooks": a(log_in("/hooked/login/"), whoami(), log_in("/hooked/login/")),
    "the hooks, when it is over": a(log_in("/hooked/login/"), whoami(after=301)),
    "another word in the header": a(log_in(), whoami("Api-Key {token}", "/api-key/"), whoami(path="/api-key/")),
    "a site that refuses more": a(log_in(), whoami(path="/strict/"), whoami("Token x", "/strict/")),
    "a token for a device": a(log_in(), posted("/make/60/"), whoami(), whoami(after=61)),
    "sign the others out": a(log_in(), log_in(), posted("/others/", method="DELETE"), whoami()),
    # Settings.
    "another prefix": a(log_in(), whoami("Bearer {token}"), whoami(), whoami(None), AUTH_HEADER_PREFIX="Bearer"),
    "another span": a(log_in(), whoami(after=59), whoami(after=2), TOKEN_TTL=60),
    "a span of days": a(log_in(), whoami(after=30 * DAY - 1), whoami(after=2), TOKEN_TTL=30 * DAY),
    "for ever": a(log_in(), whoami(after=100 * DAY), TOKEN_TTL=None),
    "a limit": a(log_in(), log_in(), log_in(), posted("/logout/"), log_in(), TOKEN_LIMIT_PER_USER=2),
    "a limit of one": a(log_in(), log_in(), whoami(), TOKEN_LIMIT_PER_USER=1),
    "a limit, and an end": a(log_in(), log_in(after=61), TOKEN_LIMIT_PER_USER=1, TOKEN_TTL=60),
    "a limit of none": a(log_in(), TOKEN_LIMIT_PER_USER=0),
    "a limit and the recipe": a(in_body(ADA), in_body(ADA), TOKEN_LIMIT_PER_USER=1),
    "a format": a(log_in(), EXPIRY_DATETIME_FORMAT="%d.%m.%Y %H:%M %z"),
    "a format of none": a(log_in(), EXPIRY_DATETIME_FORMAT=None),
    "used within its span": a(
        log_in(), whoami(after=HOUR), whoami(), whoami(after=5 * HOUR), TOKEN_TTL=5 * HOUR + 60, AUTO_REFRESH=True
    ),
    "not used within its span": a(log_in(), whoami(after=HOUR + 1), TOKEN_TTL=HOUR, AUTO_REFRESH=True),
    "used up to the last": a(
        log_in(),
        whoami(after=HOUR - 1),
        whoami(after=HOUR - 1),
        whoami(),
        whoami(after=3),
        TOKEN_TTL=HOUR,
        AUTO_REFRESH=True,
        AUTO_REFRESH_MAX_TTL=2 * HOUR,
    ),
    "for ever, and used": a(log_in(), whoami(after=DAY), TOKEN_TTL=None, AUTO_REFRESH=True),
    # What we want to be another.
    "whoami with no UTF-8": a(whoami("Token \xff")),
    "logout with no UTF-8": a(posted("/logout/", "Token \xff")),
    "log in with a token": a(log_in(), posted("/login/")),
    "log in with a dead token": a(posted("/login/", "Token x")),
    "a dead token at the recipe": a(in_body(ADA, Authorization="Token x")),
    "log in by the body": a(in_body(ADA, "/login/"), whoami()),
    "log in by the body, wrongly": a(in_body({**ADA, "password": "x"}, "/login/")),
    "log in as anybody with nothing": a(asked("POST", "/anybody/login/")),
    "log out by Basic alone": a(posted("/basic/logout/", basic())),
    "a user who is no longer active": a(log_in(), posted("/change/active/"), whoami()),
    "a password that has changed": a(log_in(), posted("/change/password/"), whoami()),
    "a short token where use puts off": a(
        log_in(), posted("/make/3600/"), whoami(), whoami(after=HOUR), TOKEN_TTL=10 * HOUR, AUTO_REFRESH=True
    ),
    "a token with an end where there is none": a(
        log_in(), posted("/make/3600/"), whoami(), TOKEN_TTL=None, AUTO_REFRESH=True
    ),
    "a cap that is shorter than the span": a(
        log_in(), whoami(), TOKEN_TTL=2 * HOUR, AUTO_REFRESH=True, AUTO_REFRESH_MAX_TTL=HOUR
    ),
    "a prefix of tokens": a(log_in(), whoami(), TOKEN_PREFIX="shop_"),
    "log in, accepting a page": a(asked("POST", "/login/", Authorization=basic(), Accept="text/html")),
    "log in, with a long body": a(
        asked("POST", "/login/", {"content_type": JSON, "body": json.dumps(ADA) + " " * 65_536}, Authorization=basic())
    ),
    "GET at log-in, with nothing": a(asked("GET", "/login/")),
    "GET at log-out, with nothing": a(asked("GET", "/logout/")),
    "OPTIONS at log-in, with nothing": a(asked("OPTIONS", "/login/")),
    "OPTIONS at log-in": a(asked("OPTIONS", "/login/", Authorization=basic())),
}


class Wanted(NamedTuple):
    """What we want to be another, in these conversations: at each place what the peer says, and what we say."""

    fault: str
    why: str
    conversations: Iterable[str]
    differ: dict[str, tuple[Any, Any]]


CRASHED = "text/html; charset=utf-8"


def instead_of_a_crash(number: int, status: int, body: dict[str, Any], **headers: str) -> dict[str, tuple[Any, Any]]:
    """What we answer where the peer has answered 500 with a page."""
    told = {
        "status": (500, status),
        "body": (CRASHED, None),
        "Content-Type": (CRASHED, JSON),
        **{name.replace("_", "-"): (None, value) for name, value in headers.items()},
        **{f"body {name}": (None, value) for name, value in body.items()},
    }
    return {f"{number} {place}": differ for place, differ in told.items()}


def dead(number: int, expiry: str, tokens: int = 1) -> dict[str, tuple[Any, Any]]:
    """What we answer where the peer lets a token in."""
    theirs = {
        "user": "ada",
        "auth": "AuthToken",
        "auth's user": [True, 1],
        "created": BEGAN,
        "expiry": expiry,
        "tokens": tokens,
    }
    return {
        f"{number} status": (200, 401),
        f"{number} WWW-Authenticate": (None, "Token"),
        f"{number} body detail": (None, INVALID),
        **{f"{number} body {name}": (value, None) for name, value in theirs.items()},
    }


BEGAN = "2026-11-23T12:00:00Z"
OURS = {"Allow": "POST, OPTIONS", "Cache_Control": "no-store", "Pragma": "no-cache", "Vary": "Authorization"}
LOGGED_IN = {"expiry": "2026-11-23T23:00:00+01:00", "token": "token 1"}

WANTED = [
    Wanted(
        "K1",
        "A header that is no UTF-8 is as dead as any.",
        ["whoami with no UTF-8"],
        instead_of_a_crash(
            1, 401, {"detail": CHARACTERS}, Allow="GET, HEAD, OPTIONS", Vary="Accept", WWW_Authenticate="Token"
        ),
    ),
    Wanted(
        "K1",
        "The same.",
        ["logout with no UTF-8"],
        instead_of_a_crash(1, 401, {"detail": CHARACTERS}, WWW_Authenticate="Token", **OURS),
    ),
    Wanted(
        "K6",
        "What a use puts off is the token's own span, whatever the setting says.",
        ["a token with an end where there is none"],
        instead_of_a_crash(
            3,
            200,
            {
                "user": "ada",
                "auth": "AuthToken",
                "auth's user": [True, 1],
                "created": BEGAN,
                "expiry": "2026-11-23T13:00:00Z",
                "tokens": 2,
            },
            Allow="GET, HEAD, OPTIONS",
            Vary="Accept",
        ),
    ),
    Wanted(
        "K7",
        "A token for an hour is good for an hour after each use, and not for the ten of the setting.",
        ["a short token where use puts off"],
        {
            "3 body expiry": ("2026-11-23T22:00:00Z", "2026-11-23T13:00:00Z"),
            **dead(4, "2026-11-23T23:00:00Z", 2),
        },
    ),
    Wanted(
        "K7",
        "A cap counts from the beginning, and not from the first use on.",
        ["a cap that is shorter than the span"],
        {
            "1 body expiry": ("2026-11-23T15:00:00+01:00", "2026-11-23T14:00:00+01:00"),
            "2 body expiry": ("2026-11-23T14:00:00Z", "2026-11-23T13:00:00Z"),
        },
    ),
    Wanted(
        "K7",
        "A use puts the end off as far as the cap, be it by a second.",
        ["used up to the last"],
        {f"{number} body expiry": ("2026-11-23T13:59:59Z", "2026-11-23T14:00:00Z") for number in (3, 4)},
    ),
    Wanted(
        "K14",
        "Whoever stole a token must not make himself another.",
        ["log in with a token"],
        {
            "2 status": (200, 401),
            "2 WWW-Authenticate": (None, 'Basic realm="api"'),
            "2 body detail": (None, NOT_PRESENTED),
            "2 body expiry": (LOGGED_IN["expiry"], None),
            "2 body token": ("token 2", None),
        },
    ),
    Wanted(
        "K14",
        "So a log-in looks at no token, dead or alive.",
        ["log in with a dead token"],
        {"1 body detail": (INVALID, NOT_PRESENTED)},
    ),
    Wanted(
        "K14",
        "And a client whose token is dead can log in, though it sends it along.",
        ["a dead token at the recipe"],
        {
            "1 status": (401, 200),
            "1 WWW-Authenticate": ('Basic realm="api"', None),
            "1 Vary": ("Accept", "Authorization, Cookie"),
            "1 body detail": (INVALID, None),
            **{f"1 body {name}": (None, value) for name, value in LOGGED_IN.items()},
        },
    ),
    Wanted(
        "K14",
        "A view that is open to anybody logs nobody in.",
        ["log in as anybody with nothing"],
        instead_of_a_crash(1, 401, {"detail": NOT_PRESENTED}, WWW_Authenticate='Basic realm="api"', **OURS),
    ),
    Wanted(
        "K16",
        "Without a token there is none to end.",
        ["log out by Basic alone"],
        instead_of_a_crash(1, 401, {"detail": NOT_PRESENTED}, WWW_Authenticate='Basic realm="api"', **OURS),
    ),
    Wanted(
        "K17",
        "A token ends with the password that it was made under.",
        ["a password that has changed"],
        dead(3, "2026-11-23T22:00:00Z"),
    ),
    Wanted(
        "",
        "Whoever found a token does not learn that it was one.",
        ["a user who is no longer active"],
        {"3 body detail": ("User inactive or deleted.", INVALID)},
    ),
    Wanted(
        "",
        "A name and a password may come in the body, without a view of the site's own.",
        ["log in by the body"],
        {
            "1 status": (401, 200),
            "1 WWW-Authenticate": ('Basic realm="api"', None),
            "1 body detail": (NOT_PRESENTED, None),
            **{f"1 body {name}": (None, value) for name, value in LOGGED_IN.items()},
            "2 status": (401, 200),
            "2 WWW-Authenticate": ("Token", None),
            "2 body detail": ("Invalid token header. No credentials provided.", None),
            "2 body user": (None, "ada"),
            "2 body auth": (None, "AuthToken"),
            "2 body auth's user": (None, [True, 1]),
            "2 body created": (None, BEGAN),
            "2 body expiry": (None, "2026-11-23T22:00:00Z"),
            "2 body tokens": (None, 1),
        },
    ),
    Wanted(
        "",
        "The same.",
        ["log in by the body, wrongly"],
        {
            "1 status": (401, 400),
            "1 WWW-Authenticate": ('Basic realm="api"', None),
            "1 body detail": (NOT_PRESENTED, None),
            "1 body non_field_errors": (None, ["Unable to log in with provided credentials."]),
        },
    ),
    Wanted(
        "",
        "No page holds a token.",
        ["log in, accepting a page"],
        {
            "1 status": (200, 406),
            "1 Content-Type": (CRASHED, JSON),
            "1 body": (CRASHED, None),
            "1 body detail": (None, "Could not satisfy the request Accept header."),
        },
    ),
    Wanted(
        "",
        "No log-in is that long.",
        ["log in, with a long body"],
        {
            "1 status": (200, 400),
            "1 body detail": (None, "The body is too long."),
            **{f"1 body {name}": (value, None) for name, value in LOGGED_IN.items()},
        },
    ),
    *(
        Wanted(
            "",
            "There is no such method, whoever asks.",
            [conversation],
            {
                "1 status": (401, 405),
                "1 WWW-Authenticate": (challenge, None),
                "1 body detail": (NOT_PRESENTED, 'Method "GET" not allowed.'),
            },
        )
        for conversation, challenge in [
            ("GET at log-in, with nothing", 'Basic realm="api"'),
            ("GET at log-out, with nothing", "Token"),
        ]
    ),
    Wanted(
        "",
        "The description is our own, and there are no pages.",
        ["OPTIONS at log-in"],
        {
            "1 body description": ("", "Log in, and get a new token."),
            "1 body renders": ([JSON, "text/html"], [JSON]),
        },
    ),
]


def at_every_endpoint(request: Asked, theirs: Answered) -> dict[str, tuple[Any, Any]]:
    """What holds a token is stored by no cache (RFC 6750 §5.3), and is written in one way only."""
    if theirs["status"] == 500:
        return {}
    vary = theirs["headers"].get("Vary", "")
    return {
        "Cache-Control": (None, "no-store"),
        "Pragma": (None, "no-cache"),
        "Vary": (vary, vary.replace("Accept", "Authorization")),
    }


def wanted(conversation: str, theirs: list[Answered]) -> dict[str, tuple[Any, Any]]:
    """Every place of it where we want to say something else than the peer."""
    return {
        f"{number} {header}": differ
        for number, (request, answer) in enumerate(zip(CONVERSATIONS[conversation]["asked"], theirs, strict=True), 1)
        if "log" in request["path"]
        for header, differ in at_every_endpoint(request, answer).items()
    } | {
        place: differ for each in WANTED if conversation in each.conversations for place, differ in each.differ.items()
    }


def said(answers: list[Answered]) -> dict[str, Any]:
    """What a conversation says, place by place. Of a body that is an object, each name is a place."""
    places: dict[str, Any] = {}
    for number, answer in enumerate(answers, 1):
        body = answer["body"]
        places |= {f"{number} status": answer["status"]}
        places |= {f"{number} {header}": value for header, value in answer["headers"].items()}
        if isinstance(body, dict):
            places |= {f"{number} body {name}": value for name, value in body.items()}
        else:
            places |= {f"{number} body": body}
    return places


@pytest.fixture(scope="module")
def answers() -> dict[str, dict[str, list[Answered]]]:
    """What each side answers to all of it."""
    told = {}
    for side in ("peer", "ours"):
        done = python("-m", "tests.dialects.knox.beside", side, stdin=json.dumps(CONVERSATIONS))
        assert (done.stderr, done.returncode) == ("", 0)
        told[side] = json.loads(done.stdout)
    return told


@pytest.mark.parametrize("conversation", CONVERSATIONS)
def test_we_say_what_the_peer_says_save_where_we_want_another(conversation, answers):
    theirs, ours = said(answers["peer"][conversation]), said(answers["ours"][conversation])

    differ = {
        place: (theirs.get(place), ours.get(place))
        for place in theirs | ours
        if theirs.get(place, ...) != ours.get(place, ...)
    }
    assert differ == wanted(conversation, answers["peer"][conversation])


def test_what_is_wanted_is_wanted_of_conversations_that_there_are():
    assert {name for each in WANTED for name in each.conversations} <= CONVERSATIONS.keys()
