"""For each package that a site comes from: what its names are called here, and what else changes with the move."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

_ADMIN = "Take it out, with what uses it: the admin has a page of all tokens."

_CHECKS_A_PASSWORD = MappingProxyType(
    {"rest_framework.authtoken.serializers.AuthTokenSerializer": "tessera.dialects.authtoken.AuthTokenSerializer"}
)
"""The serializer of a name and a password, which counts no guesses, and ours, which does."""

_SIGNED = "Use AccessToken(…) or UntypedToken(…), which prove what they are made of, or tessera.verify()."


@dataclass(frozen=True, slots=True)
class Package:
    """A package, by the names that a site uses of it."""

    root: str
    """What its dotted names begin with."""

    apps: tuple[str, ...]
    """What it has in `INSTALLED_APPS`."""

    names: Mapping[str, str]
    """Its names and ours: of modules, and of what a site imports from them."""

    gone: Mapping[str, str] = field(default_factory=dict)
    """What has no counterpart, and what to do instead. A module stands for all that is in it."""

    beside: Mapping[str, str] = field(default_factory=dict)
    """Names of another package that sites use with this one, and ours. Of which package a site is, they do not say."""

    setting: str = ""
    """Where a site keeps its choices."""

    ways: tuple[str, ...] = ("--dry-run", "", "--verify")
    """The options with which `adopt` is run, one after the other."""

    differs: Mapping[str, str] = field(default_factory=dict)
    """What is not the same afterwards, as in the table of its page."""

    def owns(self, name: str) -> bool:
        """Whether a dotted name is one of this package."""
        return name in self.names or name == self.root or name.startswith(f"{self.root}.")

    def instead_of(self, name: str) -> str:
        """What to do about a name of the package that has no counterpart."""
        parts = name.split(".")
        places = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
        return next((self.gone[place] for place in places if place in self.gone), "There is no such name here.")


def _names(theirs: str, ours: str, modules: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """Those of a dialect that has the modules of its package."""
    return {
        **{f"{theirs}{module}": f"{ours}{module}" for module in modules},
        **{f"{theirs}{module}.{name}": f"{ours}{module}.{name}" for module, names in modules.items() for name in names},
    }


PACKAGES: Mapping[str, Package] = MappingProxyType(
    {
        "authtoken": Package(
            "rest_framework.authtoken",
            apps=("rest_framework.authtoken",),
            names={
                "rest_framework.authentication.TokenAuthentication": "tessera.dialects.authtoken.TokenAuthentication",
                "rest_framework.authtoken.models.Token": "tessera.dialects.authtoken.Token",
                **_CHECKS_A_PASSWORD,
                "rest_framework.authtoken.views": "tessera.dialects.authtoken.views",
                "rest_framework.authtoken.views.ObtainAuthToken": "tessera.dialects.authtoken.ObtainAuthToken",
                "rest_framework.authtoken.views.obtain_auth_token": "tessera.dialects.authtoken.obtain_auth_token",
            },
            gone={
                "rest_framework.authtoken.admin": _ADMIN,
                "rest_framework.authtoken.models.TokenProxy": _ADMIN,
            },
            ways=("--dry-run", ""),
            differs={
                "a second log-in": "another token; the first goes on working",
                "log-ins without a limit": "429 after ten a minute by one user from one address; RATES says otherwise",
                "a changed password": "ends the user's tokens",
                "a token's age": "it ends after TOKEN_LIFETIME",
            },
        ),
        "knox": Package(
            "knox",
            apps=("knox",),
            beside=_CHECKS_A_PASSWORD,
            setting="REST_KNOX",
            names=_names(
                "knox",
                "tessera.dialects.knox",
                {
                    ".auth": ["TokenAuthentication"],
                    ".models": ["AuthToken", "get_token_model"],
                    ".serializers": ["UserSerializer"],
                    ".settings": ["knox_settings"],
                    ".signals": ["token_expired"],
                    ".urls": [],
                    ".views": ["LoginView", "LogoutView", "LogoutAllView"],
                },
            ),
            gone={
                "knox.AuthToken": "Take it out: there is no other model.",
                "knox.admin": _ADMIN,
                "knox.crypto": "Nothing of yours makes tokens or hashes: use AuthToken.objects.create().",
                "knox.models": "There is one table of tokens: what yours held beside them belongs into another.",
                "knox.settings.CONSTANTS": "Take it out: what is stored of a token has no such lengths.",
            },
            differs={
                "what a token begins with": "PREFIX, whatever TOKEN_PREFIX says",
                "a log-in with nothing but a token": "401: a token does not open the door to the next one",
                "a changed password": "ends the user's tokens",
                "AUTO_REFRESH": "each token lives on for as long as it was made for, and not for TOKEN_TTL",
                "log-ins without a limit": "429 after ten a minute by one user from one address; RATES says otherwise",
                "an expired token": "its row stays for a while; token_expired tells of it each time it is presented",
            },
        ),
        "simplejwt": Package(
            "rest_framework_simplejwt",
            apps=("rest_framework_simplejwt", "rest_framework_simplejwt.token_blacklist"),
            setting="SIMPLE_JWT",
            names=_names(
                "rest_framework_simplejwt",
                "tessera.dialects.simplejwt",
                {
                    ".authentication": [
                        "JWTAuthentication",
                        "JWTStatelessUserAuthentication",
                        "JWTTokenUserAuthentication",
                        "default_user_authentication_rule",
                    ],
                    ".exceptions": [
                        *("AuthenticationFailed", "DetailDictMixin", "ExpiredTokenError", "InvalidToken"),
                        *("TokenBackendError", "TokenBackendExpiredToken", "TokenError"),
                    ],
                    ".serializers": [
                        *("PasswordField", "TokenObtainSerializer", "TokenObtainPairSerializer"),
                        *("TokenRefreshSerializer", "TokenVerifySerializer", "TokenBlacklistSerializer"),
                        *("TokenObtainSlidingSerializer", "TokenRefreshSlidingSerializer"),
                        *("default_on_login_failed", "default_on_login_success"),
                    ],
                    ".settings": ["api_settings"],
                    ".token_blacklist.models": ["BlacklistedToken", "OutstandingToken"],
                    ".tokens": [
                        *("AccessToken", "BlacklistMixin", "RefreshToken", "SlidingToken", "Token", "UntypedToken"),
                    ],
                    ".views": [
                        *("TokenViewBase", "TokenObtainPairView", "TokenRefreshView", "TokenVerifyView"),
                        *("TokenBlacklistView", "TokenObtainSlidingView", "TokenRefreshSlidingView"),
                        *("token_obtain_pair", "token_refresh", "token_verify", "token_blacklist"),
                        *("token_obtain_sliding", "token_refresh_sliding"),
                    ],
                },
            ),
            gone={
                "rest_framework_simplejwt.backends": _SIGNED,
                "rest_framework_simplejwt.models.TokenUser": "Use your user model: who asks is a real user.",
                "rest_framework_simplejwt.state": _SIGNED,
                "rest_framework_simplejwt.token_blacklist.admin": _ADMIN,
            },
            differs={
                "an access token": "ends with its sign-in, at the next request",
                "a refresh token that comes back after it was traded": "ends the sign-in, with every token of it",
                "a changed password": "ends the user's tokens",
                "log-ins without a limit": "429 after ten a minute by one user from one address; RATES says otherwise",
                "the key that signs": "is made, rotated and published here; SIGNING_KEY is for the tokens of before",
            },
        ),
    }
)
"""The packages, by the names that `adopt` takes."""
