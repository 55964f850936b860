"""The cheapest that one can honestly write: one SELECT for token and user, refused at once when either has ended."""

import secrets
from typing import Any

from django.utils.module_loading import import_string

from bench.candidates.candidate import Candidate, Store


def mint(user: Any) -> str:
    token: str = import_string("bench.floor.issue")(user)
    return f"Bearer {token}"


CANDIDATES = (
    Candidate(
        name="floor-sql",
        authentication="bench.floor.Authentication",
        login="bench.floor.LogIn",
        prepare="bench.floor.create_table",
        mint=mint,
        forge=lambda _: f"Bearer {secrets.token_hex(20)}",
        forged="another token of 40 hex digits",
        store=Store(
            table="bench_floor",
            owner="user_id",
            filler=lambda sql: {"digest": sql.bytes(32), "user_id": "id", "revoked": "false"},
        ),
    ),
)
