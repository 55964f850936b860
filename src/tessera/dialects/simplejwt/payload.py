"""What a token says, and for how long: its claims, as in a dict."""

from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from tessera import peers
from tessera.dialects.simplejwt.asked import asked
from tessera.dialects.simplejwt.exceptions import TokenError


class Payload:
    """The claims of a token, which a site reads and adds to."""

    lifetime: ClassVar[Any] = None
    payload: dict[str, Any]
    current_time: datetime
    """From when its spans count."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Refuse a hook that nobody would call when the class is made, and not by silence."""
        super().__init_subclass__(**kwargs)
        if "set_jti" in vars(cls):
            raise TypeError(f"{cls.__name__}.set_jti is never called: its grant says which token it is. Remove it.")

    def __getitem__(self, name: str) -> Any:
        self._have_id(name)
        return self.payload[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self.payload[name] = value

    def __delitem__(self, name: str) -> None:
        del self.payload[name]

    def __contains__(self, name: str) -> bool:
        self._have_id(name)
        return name in self.payload

    def get(self, name: str, default: Any = None) -> Any:
        """As that of a dict."""
        self._have_id(name)
        return self.payload.get(name, default)

    def set_exp(self, claim: str = "exp", from_time: datetime | None = None, lifetime: timedelta | None = None) -> None:
        """Let it end after that time. No token outlives its grant."""
        span = self.lifetime if lifetime is None else lifetime
        self.payload[claim] = int(((from_time or self.current_time) + span).timestamp())

    def set_iat(self, claim: str = "iat", at_time: datetime | None = None) -> None:
        """Say when it was made."""
        self.payload[claim] = int((at_time or self.current_time).timestamp())

    def set_jti(self) -> None:
        """Do nothing: its grant says which it is."""

    def check_exp(self, claim: str = "exp", current_time: datetime | None = None) -> None:
        """Refuse it if the moment in that claim is over.

        Raises:
            TokenError: it is, or there is none.
        """
        if claim not in self.payload:
            raise TokenError(_("Token has no '%(claim)s' claim") % {"claim": claim})
        if self.payload[claim] <= ((current_time or self.current_time) - peers.simplejwt().leeway).timestamp():
            raise TokenError(_("Token '%(claim)s' claim has expired") % {"claim": claim})

    def _say(self, key: str, value: Any) -> None:
        """Say it in the claim that the site has named for it, if it has."""
        if asked(key) is not None:
            self.payload[asked(key)] = value

    def _kept_for(self, usual: timedelta, claim: str = "exp") -> timedelta:
        """How long its grant lives: as its claim says, or as usual if that is over already."""
        span = datetime.fromtimestamp(self.payload[claim], self.current_time.tzinfo) - self.current_time
        usual_end = int((self.current_time + usual).timestamp())
        return (usual if span <= timedelta(0) or self.payload[claim] == usual_end else span) + peers.simplejwt().leeway

    def _span(self, now: datetime) -> timedelta:
        """How long it is to be told that it lives."""
        return datetime.fromtimestamp(self.payload["exp"], now.tzinfo) - now

    def _have_id(self, name: str) -> None:
        """Have the claim that says which token it is, if it is asked for."""
