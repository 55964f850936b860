"""djangorestframework-simplejwt: a signed token that no table knows, with the user read from the database or not."""

from typing import Any

from django.utils.module_loading import import_string

from bench.candidates.candidate import Candidate


def mint(user: Any) -> str:
    return f"Bearer {import_string('rest_framework_simplejwt.tokens.AccessToken').for_user(user)}"


def forge(header: str) -> str:
    return f"{header.rpartition('.')[0]}.{'A' * 43}"


SHARED: dict[str, Any] = {
    "apps": ("rest_framework_simplejwt",),
    "login": "rest_framework_simplejwt.views.TokenObtainPairView",
    "mint": mint,
    "forge": forge,
    "forged": "its header and payload under another signature",
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
