"""django-rest-knox: a row is found by the first letters of its token; the log-in leaves the password to HTTP Basic."""

import secrets
from typing import Any

from django.utils.module_loading import import_string

from bench.candidates.candidate import Candidate, Lasting, Store


def mint(user: Any) -> str:
    _, token = import_string("knox.models.AuthToken").objects.create(user)
    return f"Token {token}"


STORE = Store(
    table="knox_authtoken",
    owner="user_id",
    filler=lambda sql: {
        "digest": sql.hex(128),
        "token_key": sql.hex(15),
        "user_id": "id",
        "created": sql.now,
        "expiry": sql.next_year,
    },
)

CANDIDATES = (
    Candidate(
        name="knox",
        apps=("knox",),
        authentication="knox.auth.TokenAuthentication",
        login="knox.views.LoginView",
        login_checks_password=False,
        mint=mint,
        forge=lambda _: f"Token {secrets.token_hex(32)}",
        forged="another token of 64 hex digits",
        store=STORE,
    ),
)

LASTING = Lasting(
    name="knox",
    apps=("knox",),
    authentication="knox.auth.TokenAuthentication",
    sign_in=lambda user: (mint(user), ""),
    log_out_all="knox.views.LogoutAllView",
    store=STORE,
    tables=(STORE.table,),
)
