"""`path("auth/", include("tessera.dialects.native.urls"))`."""

from django.urls import path

from tessera.dialects.native.views import LogIn, LogOut, Refresh, Verify

app_name = "native"
urlpatterns = [
    path("login/", LogIn.as_view(), name="login"),
    path("refresh/", Refresh.as_view(), name="refresh"),
    path("verify/", Verify.as_view(), name="verify"),
    path("logout/", LogOut.as_view(), name="logout"),
]
