"""The URLs of the example."""

from django.contrib import admin
from django.contrib.staticfiles.urls import staticfiles_urlpatterns
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView
from rest_framework.routers import DefaultRouter

from example.exports import export
from example.pages import app
from example.views import AlbumViewSet, TrackViewSet
from tessera.plain.letters import LetterPage

router = DefaultRouter()
router.register("albums", AlbumViewSet)
router.register("tracks", TrackViewSet)

urlpatterns = [
    path("", include(router.urls)),
    # No view of REST framework: one of Django's own, which takes the same tokens.
    path("export/", export),
    # A name and a password for a token at the top, and below it: new/ replaces a token, revoke/ ends it.
    path("api-token-auth/", include("tessera.dialects.authtoken.urls")),
    # A pair for a name and a password: login/, refresh/ and logout/.
    path("auth/", include("tessera.dialects.native.urls")),
    # In the words of django-rest-knox: login/, logout/ and logoutall/.
    path("api/auth/", include("tessera.dialects.knox.urls")),
    # In those of djangorestframework-simplejwt: a pair of JWTs at the top, and below it refresh/, verify/, blacklist/.
    path("api/token/", include("tessera.dialects.simplejwt.urls")),
    # The keys by which other services verify those, at /.well-known/jwks.json.
    path("", include("tessera.plain.jwks")),
    # A page in a browser, where the pair rides in cookies.
    path("app/", app),
    # Where the link leads that a new user is mailed: a button, and behind it a token, shown once.
    path("claim/", LetterPage.as_view(), name="claim"),
    # The links "Log in" and "Log out" of the browsable API: a session, for people with a browser.
    path("api-auth/", include("rest_framework.urls")),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("admin/", admin.site.urls),
    # The style sheets of the admin and of the browsable API. Empty unless DEBUG: elsewhere the web server has them.
    *staticfiles_urlpatterns(),
]
