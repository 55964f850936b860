"""The same conversations with simplejwt and with ours: status, headers and bodies side by side.

Where the two differ stands in `WANTED` with its reason, and with the number that the fault has among those of the peer.
What differs beyond that fails, and so does what stands there and differs no more.
"""

import json
from collections.abc import Iterable
from functools import cache
from typing import Any, NamedTuple
from urllib.parse import urlencode

import pytest

from tests.dialects.simplejwt.beside import WORLDS, Answered, Asked
from tests.processes import python

ADA = {"username": "ada", "password": "lovelace-1843"}
JSON, FORM = "application/json", "application/x-www-form-urlencoded"
ALL = tuple(WORLDS)


def asked(method: str, path: str, body: str = "", content_type: str = "", **headers: str) -> Asked:
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    return {"method": method, "path": path, "headers": told, "body": body, "content_type": content_type}


def posted(path: str, data: object = None, **headers: str) -> Asked:
    return asked("POST", path, json.dumps(data), JSON, **headers)


def log_in(data: object = ADA, path: str = "/token/", **headers: str) -> Asked:
    return posted(path, data, **headers)


def whoami(authorization: str | None = "Bearer {access}", path: str = "/whoami/", **headers: str) -> Asked:
    return asked("GET", path, **({} if authorization is None else {"Authorization": authorization}), **headers)


def refresh(token: object = "{refresh}") -> Asked:
    return posted("/refresh/", {"refresh": token})


def verify(token: object) -> Asked:
    return posted("/verify/", {"token": token})


def blacklist(token: object = "{refresh}") -> Asked:
    return posted("/blacklist/", {"refresh": token})


def slide(token: object = "{token}") -> Asked:
    return posted("/sliding/refresh/", {"token": token})


LOG_INS = {
    "right": ADA,
    "wrong password": {**ADA, "password": "wrong"},
    "password in another case": {**ADA, "password": "LOVELACE-1843"},
    "password with spaces around": {**ADA, "password": " lovelace-1843 "},
    "password that has spaces around": {"username": "eve", "password": " with spaces "},
    "name with spaces around": {**ADA, "username": " ada "},
    "unknown name": {**ADA, "username": "nobody"},
    "inactive user": {**ADA, "username": "bob"},
    "nothing": {},
    "no password": {"username": "ada"},
    "no name": {"password": "x"},
    "both blank": {"username": "", "password": ""},
    "password of spaces": {**ADA, "password": "   "},
    "a NUL": {**ADA, "password": "lovelace\0"},
    "null for both": {"username": None, "password": None},
    "a list for a body": [ADA],
    "a list for a field": {**ADA, "username": ["ada"]},
    "a number for a field": {**ADA, "username": 1843},
    "true for a field": {**ADA, "username": True},
    "a text for a body": "ada",
    "null for a body": None,
    "a field more": {**ADA, "next": "/"},
}
TEXTS = {
    "nothing": "",
    "spaces": "  ",
    "nonsense": "nonsense",
    "three parts": "a.b.c",
    "null": None,
    "a number": 5,
    "true": True,
    "a list": ["a"],
    "an object": {"$ne": ""},
    "a NUL": "a\0b",
    "no ASCII": "tökén",
}
EMPTY: dict[str, Any] = {"an empty body": {}, "a list": [], "null": None}
HEADERS = {
    "the word alone": "Bearer",
    "the word and a space": "Bearer ",
    "three words": "Bearer a b",
    "nonsense": "Bearer nonsense",
    "three parts": "Bearer a.b.c",
    "no UTF-8": "Bearer \xff",
    "another scheme": "Basic YWRhOmxvdmVsYWNlLTE4NDM=",
    "a scheme that begins alike": "Bearers x",
    "an empty header": "",
    "spaces": "   ",
}

CONVERSATIONS: dict[str, list[Asked]] = {
    **{f"log in: {name}": [log_in(data)] for name, data in LOG_INS.items()},
    **{
        f"log in by form: {name}": [asked("POST", "/token/", urlencode(data), FORM)]
        for name, data in {"right": ADA, "wrong password": {**ADA, "password": "wrong"}}.items()
    },
    **{
        f"log in by nonsense: {name}": [asked("POST", "/token/", body, kind)]
        for name, kind, body in [
            ("no JSON", JSON, "{"),
            ("an empty body", JSON, ""),
            ("another type", "text/plain", "ada"),
        ]
    },
    **{f"{method} at log-in": [asked(method, "/token/")] for method in ("GET", "PUT", "DELETE", "HEAD")},
    **{f"log in with a header: {name}": [log_in(Authorization=header)] for name, header in HEADERS.items()},
    **{
        f"{door} with {name}": [posted(path, {field: text})]
        for door, path, field in [
            ("refresh", "/refresh/", "refresh"),
            ("verify", "/verify/", "token"),
            ("blacklist", "/blacklist/", "refresh"),
            ("slide", "/sliding/refresh/", "token"),
        ]
        for name, text in TEXTS.items()
    },
    **{
        f"{path} with {name}": [posted(path, body)]
        for path in ("/refresh/", "/verify/", "/blacklist/")
        for name, body in EMPTY.items()
    },
    **{f"whoami with {name}": [whoami(header)] for name, header in HEADERS.items()},
    "whoami with no header": [whoami(None)],
    "whoami": [log_in(), whoami()],
    "whoami in lower case": [log_in(), whoami("bearer {access}")],
    "whoami after spaces": [log_in(), whoami("  Bearer   {access}  ")],
    "whoami with a header of another word": [log_in(), whoami("JWT {access}")],
    "whoami with a refresh token": [log_in(), whoami("Bearer {refresh}")],
    "whoami with a token that is spoilt": [log_in(), whoami("Bearer {access}x")],
    "whoami by another header": [
        log_in(),
        whoami(None, X_Access_Token="JWT {access}"),
        whoami(None, X_Access_Token="Access {access}"),
    ],
    "whoami by a cookie": [
        log_in(),
        asked("GET", "/cookie/", Cookie="access={access}"),
        asked("GET", "/cookie/", Cookie="access=x"),
        whoami(None, "/cookie/"),
    ],
    "a user who is no longer active": [log_in(), posted("/change/active/"), whoami()],
    "a user who has gone": [log_in(), posted("/change/gone/"), whoami()],
    "a password that has changed": [log_in(), posted("/change/password/"), whoami()],
    "refresh": [log_in(), refresh(), whoami(), refresh()],
    "refresh twice": [log_in(), refresh("{refresh of 1}"), refresh("{refresh of 1}")],
    "refresh with an access token": [log_in(), refresh("{access}")],
    "refresh with a token that is spoilt": [log_in(), refresh("{refresh}x")],
    "refresh for a user who is no longer active": [log_in(), posted("/change/active/"), refresh()],
    "refresh for a user who has gone": [log_in(), posted("/change/gone/"), refresh()],
    "refresh after the password has changed": [log_in(), posted("/change/password/"), refresh()],
    "verify an access token": [log_in(), verify("{access}")],
    "verify a refresh token": [log_in(), verify("{refresh}")],
    "verify a sliding token": [log_in(path="/sliding/"), verify("{token}")],
    "verify what is spoilt": [log_in(), verify("{access}x")],
    "blacklist": [log_in(), blacklist(), refresh(), blacklist()],
    "blacklist, and the access token": [log_in(), blacklist(), whoami()],
    "blacklist, and verify": [log_in(), blacklist(), verify("{refresh}")],
    "blacklist an access token": [log_in(), blacklist("{access}")],
    "blacklist with a header of before": [
        log_in(),
        posted("/blacklist/", {"refresh": "{refresh}"}, Authorization="Bearer x"),
    ],
    "log out by a view of the site's": [
        log_in(),
        posted("/logout/", {"refresh": "{refresh}"}),
        posted("/logout/", {"refresh": "{refresh}"}),
        refresh(),
    ],
    "log in for a sliding token": [log_in(path="/sliding/"), whoami("Bearer {token}")],
    "log in wrongly for a sliding token": [log_in({**ADA, "password": "wrong"}, "/sliding/")],
    "slide": [log_in(path="/sliding/"), slide(), whoami("Bearer {token}")],
    "slide an access token": [log_in(), slide("{access}")],
    "slide a refresh token": [log_in(), slide("{refresh}")],
    "refresh with a sliding token": [log_in(path="/sliding/"), refresh("{token}")],
    "slide for a user who has gone": [log_in(path="/sliding/"), posted("/change/gone/"), slide()],
    "claims of a serializer's": [log_in(path="/named/"), refresh(), whoami()],
    "a pair by hand": [posted("/made/pair/"), whoami(), refresh()],
    "a pair that lives longer": [posted("/made/remembered/"), whoami(), refresh()],
    "an access token by hand": [posted("/made/access/"), whoami()],
    "a sliding token by hand": [posted("/made/sliding/"), slide()],
    "what has expired": [
        posted("/made/expired/"),
        whoami(),
        refresh(),
        verify("{access}"),
        verify("{refresh}"),
        blacklist(),
        slide(),
        whoami("Bearer {token}"),
    ],
    **{
        f"read {name}": [made, posted("/read/", {"text": text})]
        for name, made, text in [
            ("an access token", log_in(), "{access}"),
            ("a refresh token", log_in(), "{refresh}"),
            ("a sliding token", log_in(path="/sliding/"), "{token}"),
            ("nonsense", log_in(), "nonsense"),
        ]
    },
    "guess eleven times": [log_in({**ADA, "password": "wrong"})] * 11,
}


class Wanted(NamedTuple):
    """What we want to be another, in these conversations: at each place what the peer says, and what we say."""

    why: str
    conversations: Iterable[str]
    differ: dict[str, tuple[Any, Any]]
    worlds: Iterable[str] = ALL


REALM = 'Bearer realm="api"'
DEAD = {"WWW-Authenticate": REALM, "body detail": "Token is blacklisted", "body code": "token_not_valid"}
NOT_GIVEN = "Given token not valid for any token type"
NO_ACCOUNT = "No active account found with the given credentials"
ADA_IS_IN = {
    "user": "ada",
    "auth": "AccessToken",
    "type": "access",
    "id": "1",
    "as a dict": [True, "1", None, False],
    "the token itself": True,
}


def a_token(kind: str, seconds: int, user: int = 1, **more: Any) -> dict[str, Any]:
    return {"lives for": seconds, "token_type": kind, "user_id": str(user), **more}


ACCESS, REFRESH = a_token("access", 300), a_token("refresh", 86400)
SLIDING = a_token("sliding", 300, **{"refreshed for": 86400})


def differing(number: int, theirs: dict[str, Any], ours: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Each place of that answer where one side says another thing, or says something at all."""
    return {f"{number} {place}": (theirs.get(place), ours.get(place)) for place in theirs | ours}


def refused(number: int, *classes: str) -> dict[str, tuple[Any, Any]]:
    """The peer lets ada in, and we do not."""
    theirs = {"status": 200, **{f"body {name}": value for name, value in ADA_IS_IN.items()}}
    return differing(
        number, theirs, {"status": 401, **DEAD, "body detail": NOT_GIVEN, "body messages": told_by(*classes)}
    )


def told_by(*messages: str) -> list[dict[str, str]]:
    """What each of the classes says of a token."""
    kinds = (("AccessToken", "access"), ("SlidingToken", "sliding"))
    return [
        {"token_class": name, "token_type": kind, "message": message}
        for (name, kind), message in zip(kinds, messages, strict=False)
    ]


def told_apart(number: int, detail: str, code: str, *messages: str) -> dict[str, tuple[Any, Any]]:
    """The peer says why, and we do not."""
    theirs = {"body detail": detail, "body code": code}
    ours = {"body detail": NOT_GIVEN, "body code": "token_not_valid", "body messages": told_by(*messages)}
    return differing(number, theirs, ours)


NO_SLIDING = tuple(world for world in WORLDS if world != "sliding")
OF_ACCESS = ((NO_SLIDING, ("Token is blacklisted",)), (("sliding",), ("Token is blacklisted", "Token has wrong type")))
NO_APP = ("plain", "other words")
WRONG_LOG_INS = ("wrong password", "password in another case", "unknown name", "inactive user", "a number for a field")
CRASHED = {"status": 500, "Content-Type": "text/html; charset=utf-8"}
GONE = {**CRASHED, "body": None}
ANSWERED = {"Content-Type": "application/json", "Allow": "POST, OPTIONS"}

WANTED = [
    Wanted(
        "J20: each 401 says a code.",
        [f"log in: {name}" for name in WRONG_LOG_INS]
        + ["log in wrongly for a sliding token", "log in by form: wrong password"],
        {"1 body code": (None, "no_active_account")},
    ),
    Wanted(
        "J11: spaces around a password belong to it.",
        ["log in: password with spaces around"],
        differing(
            1,
            {"status": 200, "body refresh": REFRESH, "body access": ACCESS},
            {"status": 401, "WWW-Authenticate": REALM, "body detail": NO_ACCOUNT, "body code": "no_active_account"},
        ),
    ),
    Wanted(
        "J11: so who has such a password gets in.",
        ["log in: password that has spaces around"],
        differing(
            1,
            {"status": 401, "WWW-Authenticate": REALM, "body detail": NO_ACCOUNT},
            {"status": 200, "body refresh": a_token("refresh", 86400, 3), "body access": a_token("access", 300, 3)},
        ),
    ),
    Wanted(
        "J11: and three spaces are a password, and a wrong one.",
        ["log in: password of spaces"],
        differing(
            1,
            {"status": 400, "body password": ["This field may not be blank."]},
            {"status": 401, "WWW-Authenticate": REALM, "body detail": NO_ACCOUNT, "body code": "no_active_account"},
        ),
    ),
    Wanted(
        "J12: the scheme is in any letter case (RFC 9110 §11.1).",
        ["whoami in lower case"],
        differing(
            2,
            {
                "status": 401,
                "WWW-Authenticate": REALM,
                "body detail": "Authentication credentials were not provided.",
            },
            {"status": 200, **{f"body {name}": value for name, value in ADA_IS_IN.items()}},
        ),
    ),
    *(
        Wanted(
            "Whoever found a token learns nothing of its user.",
            [conversation],
            told_apart(3, detail, code, *messages),
            worlds,
        )
        for conversation, detail, code in [
            ("a user who is no longer active", "User is inactive", "user_inactive"),
            ("a user who has gone", "User not found", "user_not_found"),
        ]
        for worlds, messages in OF_ACCESS
    ),
    *(
        Wanted(
            f"{fault}: an access token ends with its sign-in, and with the password that it was made under.",
            [conversation],
            refused(3, *messages),
            worlds,
        )
        for fault, conversation in [("J10", "a password that has changed"), ("J9", "blacklist, and the access token")]
        for worlds, messages in OF_ACCESS
    ),
    Wanted(
        "J20: a refused refresh is answered as any other.",
        ["refresh for a user who is no longer active"],
        differing(
            3,
            {"body detail": "No active account found for the given token."},
            {"body detail": "Token is blacklisted", "body code": "token_not_valid"},
        ),
    ),
    Wanted(
        "A user who is deleted is no crash.",
        ["refresh for a user who has gone"],
        differing(3, GONE, {"status": 401, **ANSWERED, **DEAD, "Vary": "Authorization"}),
    ),
    *(
        Wanted(
            "J10: a refresh token ends with the password that it was made under.",
            ["refresh after the password has changed"],
            differing(3, {"status": 200, "body access": ACCESS, **more}, {"status": 401, **DEAD}),
            worlds,
        )
        for worlds, more in [
            (("plain", "with the app", "sliding"), {}),
            (("rotating", "rotating carelessly"), {"body refresh": REFRESH}),
        ]
    ),
    Wanted(
        "J7: what is blacklisted has ended, whatever apps there are.",
        ["blacklist"],
        differing(3, {"status": 200, "body access": ACCESS}, {"status": 401, **DEAD})
        | differing(4, {"status": 200, "body": {}}, {"status": 401, **DEAD}),
        NO_APP,
    ),
    Wanted(
        "J7: so a site's own view that blacklists needs no app either.",
        ["log out by a view of the site's"],
        differing(2, CRASHED, {"status": 205, "Vary": "Accept", "Allow": "POST, OPTIONS"})
        | differing(3, GONE, {"status": 400, "Vary": "Accept", **ANSWERED, "body detail": "Token is blacklisted"})
        | differing(4, {"status": 200, "body access": ACCESS}, {"status": 401, **DEAD}),
        NO_APP,
    ),
    Wanted(
        "J8: what has ended is not verified, and is answered as everywhere.",
        ["blacklist, and verify"],
        differing(3, {"status": 400, "body non_field_errors": ["Token is blacklisted"]}, {"status": 401, **DEAD}),
        ["rotating"],
    ),
    Wanted(
        "J8: whatever the settings are.",
        ["blacklist, and verify"],
        differing(3, {"status": 200, "body": {}}, {"status": 401, **DEAD}),
        [world for world in WORLDS if world != "rotating"],
    ),
    Wanted(
        "J2, J3: two tabs that refresh at once get the same pair. Later, it ends the sign-in.",
        ["refresh twice"],
        differing(3, {"status": 401, **DEAD}, {"status": 200, "body access": ACCESS, "body refresh": REFRESH}),
        ["rotating"],
    ),
    Wanted(
        "J19: a token whose user is not there opens nothing.",
        ["slide for a user who has gone"],
        differing(3, {"status": 200, "body token": SLIDING}, {"status": 401, **DEAD}),
    ),
    Wanted(
        "A tab that has slept signs out with what it has.",
        ["what has expired"],
        differing(
            6,
            {"status": 401, **DEAD, "body detail": "Token is expired"},
            {"status": 200, "body": {}},
        ),
    ),
    Wanted(
        "Guesses are counted.",
        ["guess eleven times"],
        {f"{number} body code": (None, "no_active_account") for number in range(1, 11)}
        | differing(
            11,
            {"status": 401, "WWW-Authenticate": REALM, "body detail": NO_ACCOUNT},
            {
                "status": 429,
                "Retry-After": "60",
                "body detail": "Request was throttled. Expected available in 60 seconds.",
            },
        ),
    ),
]

IN_OTHER_WORDS = (
    "log in: right",
    "log in: wrong password",
    "log in: nothing",
    "whoami",
    "whoami by another header",
    "refresh",
    "refresh with an access token",
    "verify an access token",
    "slide",
    "claims of a serializer's",
    "read an access token",
    "read a refresh token",
    "read a sliding token",
)
"""What is held where the site has named everything anew. In the other worlds, all is."""

AT_EVERY_ENDPOINT = {
    "Cache-Control": (None, "no-store"),
    "Pragma": (None, "no-cache"),
    "Vary": ("Accept", "Authorization"),
}
"""What holds a token is stored by no cache (RFC 6750 §5.3)."""
ENDPOINTS = ("/token/", "/refresh/", "/verify/", "/blacklist/", "/sliding/", "/sliding/refresh/", "/named/")


def wanted(world: str, conversation: str) -> dict[str, tuple[Any, Any]]:
    """Every place of it where we want to say something else than the peer."""
    return {
        f"{number} {header}": differ
        for number, request in enumerate(CONVERSATIONS[conversation], 1)
        if request["path"] in ENDPOINTS
        for header, differ in AT_EVERY_ENDPOINT.items()
    } | {
        place: differ
        for each in WANTED
        if conversation in each.conversations and world in each.worlds
        for place, differ in each.differ.items()
    }


def said(answers: list[Answered]) -> dict[str, Any]:
    """What a conversation says, place by place. Of a body that is an object, each name is a place."""
    places: dict[str, Any] = {}
    for number, answer in enumerate(answers, 1):
        body = answer["body"]
        places |= {f"{number} status": answer["status"]}
        places |= {f"{number} {header}": value for header, value in answer["headers"].items()}
        of_object = isinstance(body, dict) and body
        places |= (
            {f"{number} body {name}": value for name, value in body.items()} if of_object else {f"{number} body": body}
        )
    return places


@cache
def answers(side: str, world: str) -> dict[str, list[Answered]]:
    """What that side answers to all of it."""
    done = python("-m", "tests.dialects.simplejwt.beside", side, world, stdin=json.dumps(CONVERSATIONS))
    assert (done.stderr, done.returncode) == ("", 0), done.stderr[-3000:]
    told: dict[str, list[Answered]] = json.loads(done.stdout)
    return told


@pytest.mark.parametrize(
    ("world", "conversation"),
    [(world, name) for world in WORLDS for name in (IN_OTHER_WORDS if world == "other words" else CONVERSATIONS)],
)
def test_we_say_what_the_peer_says_save_where_we_want_another(world, conversation):
    theirs, ours = said(answers("peer", world)[conversation]), said(answers("ours", world)[conversation])

    differ = {
        place: (theirs.get(place), ours.get(place))
        for place in theirs | ours
        if theirs.get(place, ...) != ours.get(place, ...)
    }
    assert differ == wanted(world, conversation)


def test_what_is_wanted_is_wanted_of_conversations_that_there_are():
    assert {name for each in WANTED for name in each.conversations} <= CONVERSATIONS.keys()
