"""`path("api/auth/", include("tessera.dialects.knox.urls"))`.

The names of the routes are the peer's, and in no namespace, as there.
"""

from django.urls import path

from tessera.dialects.knox.views import LoginView, LogoutAllView, LogoutView

urlpatterns = [
    path("login/", LoginView.as_view(), name="knox_login"),
    path("logout/", LogoutView.as_view(), name="knox_logout"),
    path("logoutall/", LogoutAllView.as_view(), name="knox_logoutall"),
]
