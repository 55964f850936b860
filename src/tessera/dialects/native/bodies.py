"""What the endpoints are sent."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from tessera.conf import current
from tessera.drf.names import NameOrEmail
from tessera.format import scope
from tessera.http.carriers import LONGEST as LONGEST_TOKEN
from tessera.models import LONGEST

LONGEST_SCOPE = 4096

BODY, COOKIE = BODY_OR_COOKIE = ("body", "cookie")


class ScopeField(serializers.CharField):
    """Words of the site's `SCOPES`, with spaces between them. Blank is as if it was not sent (RFC 6749 §3.1)."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            **{
                "max_length": LONGEST_SCOPE,
                "allow_blank": True,
                "required": False,
                "default": None,
                "write_only": True,
                **kwargs,
            }
        )

    def run_validation(self, data: Any = serializers.empty) -> Any:
        """Return the words, or `None` for none. They are taken apart last, as it is the text that is proved."""
        text = super().run_validation(data)
        return scope.split(text) or None if text else None


class CarrierField(serializers.ChoiceField):
    """Names a carrier."""

    def to_internal_value(self, data: Any) -> Any:
        """Return the choice. A complaint repeats what was sent, and half a surrogate pair is in no answer."""
        return super().to_internal_value(str(data).encode("utf-8", "replace").decode())


class NativeLoginSerializer(NameOrEmail):
    """A name or an address, and a password; what the user calls the device, and whether to stay signed in on it."""

    label = serializers.CharField(  # type: ignore[assignment]  # A field's own label is told to its constructor.
        label=_("Name"), max_length=LONGEST["label"], required=False, allow_blank=True, default="", write_only=True
    )
    scope = ScopeField(help_text="Of the site's scopes those that are wanted. Without them: all.")
    remember = serializers.BooleanField(
        label=_("Stay signed in"), required=False, default=True, write_only=True, help_text="If not, it ends soon."
    )

    carrier = CarrierField(
        BODY_OR_COOKIE, default=BODY, write_only=True, help_text="In what the tokens come: a browser keeps a cookie."
    )

    def get_fields(self) -> dict[str, Any]:
        """Offer cookies where the site has them."""
        fields = super().get_fields()
        if not current().COOKIES:
            fields["carrier"].choices = [BODY]
        return fields


class NativeRefreshSerializer(serializers.Serializer[Any]):
    """A refresh token."""

    refresh_token = serializers.CharField(max_length=LONGEST_TOKEN, write_only=True)
    scope = ScopeField(help_text="For the access token, if that is to have less. The next one may have all again.")

    def get_fields(self) -> dict[str, Any]:
        """Do without the token where it may be in a cookie."""
        fields = super().get_fields()
        fields["refresh_token"].required = not current().COOKIES
        return fields


class NativeLogoutSerializer(serializers.Serializer[Any]):
    """A refresh token, from whoever has no access token at hand."""

    refresh_token = serializers.CharField(max_length=LONGEST_TOKEN, required=False, write_only=True)


class NativeLabelSerializer(serializers.Serializer[Any]):
    """What the user calls a token."""

    label = serializers.CharField(max_length=LONGEST["label"], allow_blank=True)  # type: ignore[assignment]


class NativePersonalSerializer(serializers.Serializer[Any]):
    """What the user calls a personal token, what it may be used for, and how long it is to live."""

    label = serializers.CharField(max_length=LONGEST["label"])  # type: ignore[assignment]
    scope = ScopeField(help_text="Of the scope of the sign-in what is wanted. Without it: all.")
    lifetime = serializers.DurationField(
        required=False, help_text="In seconds, or as ISO 8601 has it: `2592000` or `P30D`."
    )

    def validate_lifetime(self, lifetime: Any) -> Any:
        """At most as long as the site lets a token live that nobody asked a lifetime for."""
        longest = current().TOKEN_LIFETIME
        if not lifetime or lifetime.days < 0:
            raise serializers.ValidationError(_("A lifetime is a positive span."), code="min_value")
        if longest != "never" and lifetime > longest:
            most = round(longest.total_seconds())
            raise serializers.ValidationError(
                _("A token lives for at most %(seconds)d seconds.") % {"seconds": most}, code="max_value"
            )
        return lifetime
