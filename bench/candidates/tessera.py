"""tessera with its settings as they are by default, and the classes that stand in for authtoken's and knox's."""

from collections.abc import Mapping
from typing import Any

from django.utils.module_loading import import_string

import tessera
from bench.candidates.candidate import Candidate, Lasting, Store
from bench.sql import Sql


def mint(user: Any) -> str:
    return f"Bearer {tessera.issue(tessera.Ask(subject=user)).secret}"


def mint_knox(user: Any) -> str:
    _, token = import_string("tessera.dialects.knox.AuthToken").objects.create(user)
    return f"Token {token}"


def forge(header: str) -> str:
    return header[:-16] + "0" * 16


def filler(sql: Sql) -> Mapping[str, str]:
    empty = dict.fromkeys(("client", "label", "scope", "address", "agent", "revoked_reason"), "''")
    return empty | {
        "id": sql.uuid7,
        "subject_id": "id",
        "kind": "'personal'",
        "created_at": sql.now,
        "ends_at": sql.next_year,
        "access_digest": sql.bytes(24),
        "fingerprint": sql.bytes(16),
        "pepper": sql.hex(8),
    }


def sign_in(user: Any) -> tuple[str, str]:
    ask = tessera.Ask(subject=user, kind=tessera.Kind.SIGN_IN, may_refresh=True)
    issued = tessera.issue(ask)
    return f"Bearer {issued.secret}", issued.refresh_secret or ""


STORE = Store(table="tessera_grant", owner="subject_id", filler=filler)

SHARED: dict[str, Any] = {
    "apps": ("tessera",),
    "forge": forge,
    "forged": "a token of ours under another tag",
    "store": STORE,
}

CANDIDATES = (
    Candidate(
        name="tessera",
        authentication="tessera.drf.TokenAuthentication",
        login="tessera.dialects.authtoken.views.ObtainAuthToken",
        mint=mint,
        **SHARED,
    ),
    Candidate(
        name="tessera-authtoken",
        authentication="tessera.dialects.authtoken.TokenAuthentication",
        login="tessera.dialects.authtoken.views.ObtainAuthToken",
        mint=mint,
        **SHARED,
    ),
    Candidate(
        name="tessera-knox",
        authentication="tessera.dialects.knox.TokenAuthentication",
        login="tessera.dialects.knox.LoginView",
        login_checks_password=False,
        mint=mint_knox,
        **SHARED,
    ),
)

LASTING = Lasting(
    name="tessera",
    apps=("tessera",),
    authentication="tessera.drf.TokenAuthentication",
    sign_in=sign_in,
    refresh="bench.lasting.site.Refresh",
    field="refresh_token",
    log_out_all=lambda user: tessera.revoke(subject=user),
    store=STORE,
    tables=(STORE.table,),
)
