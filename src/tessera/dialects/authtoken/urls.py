"""`path("api-token-auth/", include("tessera.dialects.authtoken.urls"))`."""

from django.urls import path

from tessera.dialects.authtoken.views import ObtainAuthToken, ReplaceAuthToken, RevokeAuthToken

app_name = "authtoken"
urlpatterns = [
    path("", ObtainAuthToken.as_view(), name="obtain"),
    path("new/", ReplaceAuthToken.as_view(), name="new"),
    path("revoke/", RevokeAuthToken.as_view(), name="revoke"),
]
