"""`rest_framework.authtoken`: the key itself is the primary key of its row."""

import secrets
from typing import Any

from django.utils.module_loading import import_string

from bench.candidates.candidate import Candidate, Lasting, Store


def mint(user: Any) -> str:
    token, _ = import_string("rest_framework.authtoken.models.Token").objects.get_or_create(user=user)
    return f"Token {token.key}"


def end_all(user: Any) -> None:
    import_string("rest_framework.authtoken.models.Token").objects.filter(user=user).delete()


STORE = Store(
    table="authtoken_token",
    owner="user_id",
    many=False,
    filler=lambda sql: {"key": sql.hex(40), "user_id": "id", "created": sql.now},
)

CANDIDATES = (
    Candidate(
        name="authtoken",
        apps=("rest_framework.authtoken",),
        authentication="rest_framework.authentication.TokenAuthentication",
        login="rest_framework.authtoken.views.ObtainAuthToken",
        mint=mint,
        forge=lambda _: f"Token {secrets.token_hex(20)}",
        forged="another key of 40 hex digits",
        store=STORE,
    ),
)

LASTING = Lasting(
    name="authtoken",
    apps=("rest_framework.authtoken",),
    authentication="rest_framework.authentication.TokenAuthentication",
    sign_in=lambda user: (mint(user), ""),
    log_out_all=end_all,
    store=STORE,
    tables=(STORE.table,),
)
