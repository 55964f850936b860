"""djangorestframework-simplejwt: a signed token that no table knows, with the user read from the database or not."""

from typing import Any

from django.utils.module_loading import import_string

from bench.candidates.candidate import Candidate, Lasting, Store


def mint(user: Any) -> str:
    return f"Bearer {import_string('rest_framework_simplejwt.tokens.AccessToken').for_user(user)}"


def forge(header: str) -> str:
    told, _, signature = header.rpartition(".")
    return f"{told}.{'A' * len(signature)}"


FORGED = "its header and payload under another signature"


def sign_in(user: Any) -> tuple[str, str]:
    refresh = import_string("rest_framework_simplejwt.tokens.RefreshToken").for_user(user)
    return f"Bearer {refresh.access_token}", str(refresh)


def end_all(user: Any) -> None:
    """As its users tell each other: the package has no view and no function for it."""
    outstanding = import_string("rest_framework_simplejwt.token_blacklist.models.OutstandingToken")
    blacklisted = import_string("rest_framework_simplejwt.token_blacklist.models.BlacklistedToken")
    for token in outstanding.objects.filter(user=user):
        blacklisted.objects.get_or_create(token=token)


SHARED: dict[str, Any] = {
    "apps": ("rest_framework_simplejwt",),
    "login": "rest_framework_simplejwt.views.TokenObtainPairView",
    "mint": mint,
    "forge": forge,
    "forged": FORGED,
}

CANDIDATES = (
    Candidate(
        name="simplejwt",
        authentication="rest_framework_simplejwt.authentication.JWTAuthentication",
        **SHARED,
    ),
    Candidate(
        name="simplejwt-stateless",
        authentication="rest_framework_simplejwt.authentication.JWTStatelessUserAuthentication",
        **SHARED,
    ),
)

LASTING = Lasting(
    name="simplejwt-blacklist",
    apps=("rest_framework_simplejwt", "rest_framework_simplejwt.token_blacklist"),
    authentication="rest_framework_simplejwt.authentication.JWTAuthentication",
    sign_in=sign_in,
    refresh="rest_framework_simplejwt.views.TokenRefreshView",
    log_out_all=end_all,
    store=Store(
        table="token_blacklist_outstandingtoken",
        owner="user_id",
        filler=lambda sql: {
            "user_id": "id",
            "jti": sql.hex(32),
            "token": sql.hex(230),
            "created_at": sql.now,
            "expires_at": sql.next_year,
        },
    ),
    tables=("token_blacklist_outstandingtoken", "token_blacklist_blacklistedtoken"),
)
