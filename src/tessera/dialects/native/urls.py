"""`path("auth/", include("tessera.dialects.native.urls"))`."""

from django.urls import path

from tessera.dialects.native.tokens import OneToken, Personal, RevokeAll, RevokeOthers, Tokens
from tessera.dialects.native.views import Csrf, LogIn, LogOut, Refresh, Verify

app_name = "native"
urlpatterns = [
    path("login/", LogIn.as_view(), name="login"),
    path("refresh/", Refresh.as_view(), name="refresh"),
    path("verify/", Verify.as_view(), name="verify"),
    path("logout/", LogOut.as_view(), name="logout"),
    path("tokens/", Tokens.as_view(), name="tokens"),
    path("tokens/revoke-others/", RevokeOthers.as_view(), name="revoke-others"),
    path("tokens/revoke-all/", RevokeAll.as_view(), name="revoke-all"),
    path("tokens/<token>/", OneToken.as_view(), name="token"),
    path("personal/", Personal.as_view(), name="personal"),
    path("csrf/", Csrf.as_view(), name="csrf"),
]
