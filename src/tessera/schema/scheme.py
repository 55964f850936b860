"""How a token is presented: the security scheme of every authentication class of ours."""

# mypy: allow-untyped-calls

from typing import TYPE_CHECKING, Any

from drf_spectacular.drainage import set_override
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.plumbing import build_bearer_security_scheme_object
from drf_spectacular.settings import spectacular_settings
from rest_framework.permissions import SAFE_METHODS

from tessera import peers
from tessera.conf import current
from tessera.dialects.simplejwt.asked import header_types
from tessera.drf.permissions import ScopePermission
from tessera.http.carriers import ACCESS_COOKIE

if TYPE_CHECKING:
    from drf_spectacular.openapi import AutoSchema


ACCESS_COOKIE_SCHEME = {
    "type": "apiKey",
    "in": "cookie",
    "name": ACCESS_COOKIE,
    "description": "For browsers. What changes something takes the CSRF token as well, in a header.",
}


class TokenScheme(OpenApiAuthenticationExtension):
    """Describes our authentication classes. All that accept `Bearer` share one scheme and one button "Authorize"."""

    target_class = "tessera.drf.authentication.TokenAuthentication"
    match_subclasses = True
    priority = -2

    @property
    def words(self) -> tuple[str, ...]:
        """The words that it accepts before the token."""
        return tuple(self.target.schemes)

    @property
    def name(self) -> str | list[str]:  # type: ignore[override]
        """The name of the scheme in the document: of both, where a cookie is another way to present a token."""
        name = f"{self.word.lower()}Auth"
        return [name, "accessCookie"] if self.reads_cookies else name

    @property
    def reads_cookies(self) -> bool:
        """Whether a cookie counts."""
        return self.target.reads_cookies and current().COOKIES

    @property
    def word(self) -> str:
        """The word before the token. `Bearer` if it is accepted: OpenAPI takes any other scheme for an API key."""
        return "Bearer" if "bearer" in {word.lower() for word in self.words} else self.words[0]

    def get_security_requirement(self, auto_schema: "AutoSchema") -> Any:
        """Require the one or the other, with the scope that the view asks for."""
        names = self.name if isinstance(self.name, list) else [self.name]
        return [{name: _scope_of(auto_schema)} for name in names]

    def get_security_definition(self, auto_schema: "AutoSchema") -> Any:
        """The description of the scheme."""
        # Two classes with one scheme are meant, and no collision. The mark is inherited.
        set_override(self.target_class, "suppress_collision_warning", True)
        definition: dict[str, Any] = build_bearer_security_scheme_object("Authorization", self.word)
        others = sorted({f"`{word}`" for word in self.words if word.lower() != self.word.lower()})
        if others:
            definition["description"] = f"`{self.word}` before the token may also be {' or '.join(others)}."
        return [definition, ACCESS_COOKIE_SCHEME] if self.reads_cookies else definition


class KnoxScheme(TokenScheme):
    """Describes the class of the dialect `knox`, which accepts one word: that of `REST_KNOX`."""

    target_class = "tessera.dialects.knox.auth.TokenAuthentication"
    priority = TokenScheme.priority + 1
    """Its class is a subclass of the other."""

    @property
    def words(self) -> tuple[str, ...]:
        """The word."""
        return (peers.knox().AUTH_HEADER_PREFIX,)


class SimpleJwtScheme(OpenApiAuthenticationExtension):
    """Describes the class of the dialect `simplejwt`, by the first word of `SIMPLE_JWT`."""

    target_class = "tessera.dialects.simplejwt.authentication.JWTAuthentication"
    name = "jwtAuth"
    match_subclasses = True
    priority = -1

    def get_security_definition(self, auto_schema: "AutoSchema") -> Any:
        """The description of the scheme."""
        set_override(self.target_class, "suppress_collision_warning", True)
        return build_bearer_security_scheme_object("Authorization", header_types()[0], "JWT")


def _scope_of(auto_schema: "AutoSchema") -> list[str]:
    """The words that the operation takes. Before 3.1, OpenAPI has no room for them: a scheme of this type has none."""
    if spectacular_settings.OAS_VERSION.startswith("3.0"):
        return []
    asked = [each for each in auto_schema.view.get_permissions() if isinstance(each, ScopePermission)]
    ways = (each.read if auto_schema.method in SAFE_METHODS else each.write for each in asked)
    return sorted({word for words in ways for word in words or ()})
