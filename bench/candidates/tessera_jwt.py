"""The same grants of tessera, whose access tokens are signed: by its own default, as most sign elsewhere, and in the
words of simplejwt."""

from typing import Any

from django.conf import settings
from django.test import override_settings
from django.utils.module_loading import import_string

import tessera
from bench.candidates.candidate import Candidate, Lasting
from bench.candidates.simplejwt import FORGED, forge
from bench.candidates.tessera import STORE


def mint(user: Any) -> str:
    issued = tessera.issue(tessera.Ask(subject=user, kind=tessera.Kind.SIGN_IN))
    return f"Bearer {tessera.sign(issued.grant)}"


def mint_hs256(user: Any) -> str:
    """By the last of the keys: the site accepts all, and signs with the first."""
    keys = tuple(reversed(settings.TESSERA["JWT_KEYS"]))
    with override_settings(TESSERA={**settings.TESSERA, "JWT_KEYS": keys}):
        return mint(user)


def mint_simplejwt(user: Any) -> str:
    return f"Bearer {import_string('tessera.dialects.simplejwt.AccessToken').for_user(user)}"


def sign_in(user: Any) -> tuple[str, str]:
    refresh = import_string("tessera.dialects.simplejwt.RefreshToken").for_user(user)
    return f"Bearer {refresh.access_token}", str(refresh)


SHARED: dict[str, Any] = {"apps": ("tessera",), "forge": forge, "forged": FORGED, "store": STORE}

CANDIDATES = (
    Candidate(
        name="tessera-jwt",
        authentication="tessera.drf.TokenAuthentication",
        login="tessera.dialects.native.views.LogIn",
        mint=mint,
        **SHARED,
    ),
    Candidate(
        name="tessera-jwt-hs256",
        authentication="tessera.drf.TokenAuthentication",
        mint=mint_hs256,
        **SHARED,
    ),
    Candidate(
        name="tessera-simplejwt",
        authentication="tessera.dialects.simplejwt.JWTAuthentication",
        login="tessera.dialects.simplejwt.views.TokenObtainPairView",
        mint=mint_simplejwt,
        **SHARED,
    ),
)

LASTING = Lasting(
    name="tessera-simplejwt",
    apps=("tessera",),
    authentication="tessera.dialects.simplejwt.JWTAuthentication",
    sign_in=sign_in,
    refresh="tessera.dialects.simplejwt.views.TokenRefreshView",
    log_out_all=lambda user: tessera.revoke(subject=user),
    store=STORE,
    tables=(STORE.table,),
)
