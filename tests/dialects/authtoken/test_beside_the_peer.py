"""The same conversations with REST framework's authtoken and with ours: status, headers and bodies side by side.

Where the two differ stands in `WANTED` with its reason. What differs beyond that fails, and so does what stands there
and differs no more.
"""

import json
from collections.abc import Iterable
from typing import Any, NamedTuple
from urllib.parse import urlencode

import pytest
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from tests.dialects.authtoken.beside import Answered, Asked
from tests.processes import python

ADA = {"username": "ada", "password": "lovelace-1843"}
JSON, FORM = "application/json", "application/x-www-form-urlencoded"


def as_json(data: object) -> dict[str, str]:
    return {"content_type": JSON, "body": json.dumps(data)}


def as_form(data: dict[str, str]) -> dict[str, str]:
    return {"content_type": FORM, "body": urlencode(data)}


def as_multipart(data: dict[str, str]) -> dict[str, str]:
    return {"content_type": MULTIPART_CONTENT, "body": encode_multipart(BOUNDARY, data).decode("latin-1")}


def asked(method: str, path: str, body: dict[str, str] | None = None, **headers: str) -> Asked:
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    return {"method": method, "path": path, "headers": told, **(body or {})}  # type: ignore[typeddict-item]


def log_in(data: object = ADA, path: str = "/login/", **headers: str) -> Asked:
    return asked("POST", path, as_json(data), **headers)


def whoami(authorization: str | None = "Token {key}", path: str = "/whoami/") -> Asked:
    return asked("GET", path) if authorization is None else asked("GET", path, Authorization=authorization)


def a_field(label: str) -> dict[str, Any]:
    return {"type": "string", "required": True, "read_only": False, "label": label}


def posted(path: str) -> Asked:
    return asked("POST", path, Authorization="Token {key}")


IN_ANY_FORM = {
    "right": ADA,
    "wrong password": {**ADA, "password": "wrong"},
    "password in another case": {**ADA, "password": "LOVELACE-1843"},
    "password with spaces around": {**ADA, "password": " lovelace-1843 "},
    "name with spaces around": {**ADA, "username": " ada "},
    "unknown name": {**ADA, "username": "nobody"},
    "inactive user": {**ADA, "username": "bob"},
    "nothing": {},
    "no password": {"username": "ada"},
    "no name": {"password": "x"},
    "both blank": {"username": "", "password": ""},
    "password of spaces": {**ADA, "password": "   "},
    "name of spaces": {**ADA, "username": "   "},
    "a NUL": {**ADA, "password": "lovelace\0"},
    "a name that is too long": {**ADA, "username": "a" * 1025},
    "a password that is too long": {**ADA, "password": "a" * 4097},
    "a field more": {**ADA, "next": "/"},
}
IN_JSON = {
    "null for both": {"username": None, "password": None},
    "null for the password": {**ADA, "password": None},
    "a list for a body": [ADA],
    "a list for a field": {**ADA, "username": ["ada"]},
    "a number for a field": {**ADA, "username": 1843},
    "true for a field": {**ADA, "username": True},
    "a text for a body": "ada",
    "null for a body": None,
}
INVALID = "Invalid token."
NO_CREDENTIALS = "Invalid token header. No credentials provided."
SPACES = "Invalid token header. Token string should not contain spaces."
CHARACTERS = "Invalid token header. Token string should not contain invalid characters."
UNABLE = ["Unable to log in with provided credentials."]

DEAD_HEADERS = {
    "the keyword alone": ("Token", NO_CREDENTIALS),
    "the keyword and a space": ("Token ", NO_CREDENTIALS),
    "two words": ("Token a b", SPACES),
    "no UTF-8": ("Token \xff", CHARACTERS),
    "UTF-8, and no ASCII": ("Token \xc3\xa9", INVALID),
    "an unknown key": ("Token 401f7ac837da42b97f613d789819ff93537bee6a", INVALID),
    "lower case": ("token x", INVALID),
    "upper case": ("TOKEN x", INVALID),
}
"""What the header is, and what either side says of it where a key is asked for."""
HEADERS_OF_OTHERS = {
    "another scheme": "Basic YWRhOmxvdmVsYWNlLTE4NDM=",
    "a scheme that begins alike": "Tokens x",
    "no space after the keyword": "Token:x",
    "a scheme of no ASCII": "T\xf6ken x",
    "an empty header": "",
    "spaces": "   ",
}
HEADERS = {**{name: header for name, (header, _) in DEAD_HEADERS.items()}, **HEADERS_OF_OTHERS}

CONVERSATIONS: dict[str, list[Asked]] = {
    **{f"log in by JSON: {name}": [log_in(data)] for name, data in {**IN_ANY_FORM, **IN_JSON}.items()},
    **{f"log in by form: {name}": [asked("POST", "/login/", as_form(data))] for name, data in IN_ANY_FORM.items()},
    **{
        f"log in by multipart: {name}": [asked("POST", "/login/", as_multipart(data))]
        for name, data in IN_ANY_FORM.items()
    },
    **{
        f"log in by nonsense: {name}": [asked("POST", "/login/", {"content_type": kind, "body": body})]
        for name, kind, body in [
            ("no JSON", JSON, "{"),
            ("an empty body", JSON, ""),
            ("no UTF-8", JSON, '{"username": "\xff"}'),
            ("another type", "text/plain", "ada"),
            ("XML", "application/xml", "<ada/>"),
            ("no type", "", "ada"),
            ("a multipart without its boundary", "multipart/form-data", "ada"),
            ("a long body", JSON, json.dumps(ADA) + " " * 65_536),
        ]
    },
    **{
        f"{method} at log-in": [asked(method, "/login/", as_json(ADA))]
        for method in ("GET", "HEAD", "PUT", "PATCH", "DELETE", "TRACE", "OPTIONS")
    },
    **{
        f"log in, accepting {accept}": [log_in(Accept=accept)]
        for accept in ("application/json", "*/*", "text/html", "application/json; indent=4")
    },
    **{
        f"log in with a header: {name}": [log_in(Authorization=header)]
        for name, header in [*HEADERS.items(), ("somebody's key", "Bearer x")]
    },
    **{f"whoami with {name}": [whoami(header)] for name, header in HEADERS.items()},
    "whoami with no header": [whoami(None)],
    "whoami with a key": [log_in(), whoami()],
    **{f"whoami with a key after {scheme}": [log_in(), whoami(f"{scheme} {{key}}")] for scheme in ("token", "TOKEN")},
    "whoami with a key after spaces": [log_in(), whoami("  Token   {key}  ")],
    "whoami with a key after Bearer": [log_in(), whoami("Bearer {key}")],
    "whoami with a key in upper case": [log_in(), whoami("Token x{key}")],
    "the keyword Bearer": [log_in(), whoami("Bearer {key}", "/bearer/")],
    "the keyword Bearer, and Token sent": [log_in(), whoami("Token {key}", "/bearer/")],
    "the keyword Bearer, and nothing sent": [whoami(None, "/bearer/")],
    "a user who is no longer active": [log_in(), posted("/change/active/"), whoami()],
    "a password that has changed": [log_in(), posted("/change/password/"), whoami()],
    "log in twice": [log_in(), log_in(), whoami()],
    "log in by a view of the site's": [log_in(path="/own-login/"), whoami()],
    "log in twice by a view of the site's": [log_in(path="/own-login/"), log_in(path="/own-login/")],
    "log in wrongly by a view of the site's": [log_in({}, "/own-login/")],
    "log out": [log_in(), posted("/logout/"), whoami()],
    "log out and in": [log_in(), posted("/logout/"), log_in(), whoami()],
    "replace": [log_in(), posted("/replace/"), whoami()],
    "log in with the key of before": [log_in(), posted("/logout/"), log_in(Authorization="Token {key}")],
    "log in with the key of now": [log_in(), log_in(Authorization="Token {key}")],
    "guess eleven times": [log_in({**ADA, "password": "wrong"})] * 11,
}


class Wanted(NamedTuple):
    """What we want to be another, in these conversations: at each place what the peer says, and what we say."""

    why: str
    conversations: Iterable[str]
    differ: dict[str, tuple[Any, Any]]


IN_ALL_FORMS = ("JSON", "form", "multipart")
ANOTHER_KEY = ("key 1", "key 2")

WANTED = [
    *(
        Wanted(
            "A client whose key is dead has to log in, and sends it along: a log-in looks at no key.",
            [f"log in with a header: {name}"],
            {
                "1 status": (401, 200),
                "1 WWW-Authenticate": ("Token", None),
                "1 body detail": (detail, None),
                "1 body token": (None, "key 1"),
            },
        )
        for name, (_, detail) in DEAD_HEADERS.items()
    ),
    Wanted(
        "The same.",
        ["log in with the key of before"],
        {
            "3 status": (401, 200),
            "3 WWW-Authenticate": ("Token", None),
            "3 body detail": (INVALID, None),
            "3 body token": (None, "key 2"),
        },
    ),
    Wanted(
        "No key can be read from the database, so each log-in makes another, and the first goes on working.",
        ["log in twice", "log in twice by a view of the site's", "log in with the key of now"],
        {"2 body token": ANOTHER_KEY},
    ),
    Wanted(
        "A key ends with the password that it was made under.",
        ["a password that has changed"],
        {
            "3 status": (200, 401),
            "3 WWW-Authenticate": (None, "Token"),
            "3 body detail": (None, INVALID),
            "3 body user": ("ada", None),
            "3 body auth": ("Token", None),
            "3 body auth's user": ([True, 1], None),
            "3 body key is the one sent": (True, None),
        },
    ),
    Wanted(
        "Whoever found a key does not learn that it was one.",
        ["a user who is no longer active"],
        {"3 body detail": ("User inactive or deleted.", INVALID)},
    ),
    *(
        Wanted(
            "RFC 6750 names Bearer: it is understood beside the keyword, and so is Token.",
            [conversation],
            {
                "2 status": (401, 200),
                "2 WWW-Authenticate": (keyword, None),
                "2 body detail": ("Authentication credentials were not provided.", None),
                "2 body user": (None, "ada"),
                "2 body auth": (None, "Token"),
                "2 body auth's user": (None, [True, 1]),
                "2 body key is the one sent": (None, True),
            },
        )
        for conversation, keyword in [
            ("whoami with a key after Bearer", "Token"),
            ("the keyword Bearer, and Token sent", "Bearer"),
        ]
    ),
    Wanted(
        "Guesses are counted.",
        ["guess eleven times"],
        {
            "11 status": (400, 429),
            "11 Retry-After": (None, "60"),
            "11 body non_field_errors": (UNABLE, None),
            "11 body detail": (None, "Request was throttled. Expected available in 60 seconds."),
        },
    ),
    *(
        Wanted(
            "What is longer than any name or password costs no hashing.",
            [f"log in by {form}: a {field} that is too long" for form in IN_ALL_FORMS],
            {
                "1 body non_field_errors": (UNABLE, None),
                f"1 body {called}": (None, [f"Ensure this field has no more than {most} characters."]),
            },
        )
        for field, called, most in [("name", "username", 1024), ("password", "password", 4096)]
    ),
    Wanted(
        "Nor does a body that is longer than any log-in.",
        ["log in by nonsense: a long body"],
        {
            "1 status": (200, 400),
            "1 body token": ("key 1", None),
            "1 body detail": (None, "The body is too long."),
        },
    ),
    Wanted(
        "The description is our own, JSON is shown first, and the fields have the lengths of above.",
        ["OPTIONS at log-in"],
        {
            "1 body description": ("", "Log in with a name and a password, and get a new token."),
            "1 body parses": ([FORM, "multipart/form-data", JSON], [JSON, FORM, "multipart/form-data"]),
            "1 body actions": (
                {
                    "POST": {
                        "username": a_field("Username"),
                        "password": a_field("Password"),
                        "token": {**a_field("Token"), "required": False, "read_only": True},
                    }
                },
                {
                    "POST": {
                        "username": {**a_field("Username"), "max_length": 1024},
                        "password": {**a_field("Password"), "max_length": 4096},
                    }
                },
            ),
        },
    ),
]

AT_EVERY_LOG_IN = {"Cache-Control": (None, "no-store"), "Pragma": (None, "no-cache"), "Vary": (None, "Authorization")}
"""What holds a key is stored by no cache (RFC 6750 §5.3)."""


def wanted(conversation: str) -> dict[str, tuple[Any, Any]]:
    """Every place of it where we want to say something else than the peer."""
    return {
        f"{number} {header}": differ
        for number, request in enumerate(CONVERSATIONS[conversation], 1)
        if "login" in request["path"]
        for header, differ in AT_EVERY_LOG_IN.items()
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
        places |= {f"{number} body {name}": value for name, value in body.items()} if body else {f"{number} body": body}
    return places


@pytest.fixture(scope="module")
def answers() -> dict[str, dict[str, list[Answered]]]:
    """What each side answers to all of it."""
    told = {}
    for side in ("peer", "ours"):
        done = python("-m", "tests.dialects.authtoken.beside", side, stdin=json.dumps(CONVERSATIONS))
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
    assert differ == wanted(conversation)


def test_what_is_wanted_is_wanted_of_conversations_that_there_are():
    assert {name for each in WANTED for name in each.conversations} <= CONVERSATIONS.keys()
