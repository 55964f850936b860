"""The peer's tokens, over our grants.

A token that is made here is a draft, to which claims may be added, until it is first told to somebody: then its grant
is issued. A token that is presented is proved when it is made of the text.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar, Self

from django.contrib.auth.base_user import AbstractBaseUser
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from tessera import clock, peers
from tessera.conf import current
from tessera.dialects.simplejwt.asked import Asked, asked
from tessera.dialects.simplejwt.exceptions import TokenError
from tessera.dialects.simplejwt.models import BlacklistedToken, OutstandingToken
from tessera.dialects.simplejwt.payload import Payload
from tessera.dialects.simplejwt.presented import (
    CLIENT,
    OF_REFRESH,
    REFRESH,
    Presented,
    in_their_words,
    proved,
    read,
    refuse_by_rule,
)
from tessera.engine.issuance import issue
from tessera.engine.policy import Ask
from tessera.engine.rates.noise import admit_refresh
from tessera.engine.redemption import redeem
from tessera.engine.renewal import put_off, renew
from tessera.engine.revocation import revoke, revoke_presented
from tessera.engine.signing.entrance import sealed_in, sign
from tessera.engine.verification import Principal
from tessera.errors import Revoked, Unknown
from tessera.format.opaque import to_bytes
from tessera.models import Grant, Kind

REASON = "blacklisted"


class Token(Payload):
    """What is in all of them: claims, and the grant behind them."""

    token_type: ClassVar[str | None] = None

    @sensitive_variables()
    def __init__(self, token: str | bytes | None = None, verify: bool = True) -> None:
        """Begin a draft, or read what somebody presents. Without `verify`, nothing that it says is proved.

        Raises:
            TokenError: it is not valid, or not of this type. What it says is for the client.
            StoreDown: the storage does not answer.
        """
        if self.token_type is None or self.lifetime is None:
            raise TokenError(_("Cannot create token with no type or lifetime"))
        self.token, self.current_time = token, clock.now()
        self.payload: dict[str, Any] = {}
        self.origin: Mapping[str, Any] = {}
        self._found: Presented | None = None
        self._issued: Grant | None = None
        self._refresh_secret: str | None = None
        self._is_proved = False
        self._user: AbstractBaseUser | None = None
        if token is None:
            self._say("TOKEN_TYPE_CLAIM", self.token_type)
            self.set_exp()
            self.set_iat()
        else:
            with in_their_words:
                told, wanted = to_bytes(token), self._wanted()
                self._found = proved(told, wanted) if verify else read(told, wanted, None)
            self.payload = dict(self._found.claims)
            if verify:
                self._is_proved = True
                self.verify()

    @classmethod
    def for_user(cls, user: AbstractBaseUser) -> Self:
        """A draft that speaks for `user`."""
        token = cls()
        token._user = user
        token._say("USER_ID_CLAIM", str(getattr(user, asked("USER_ID_FIELD"))))
        return token

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.payload.get(asked('USER_ID_CLAIM'))}>"

    def __getstate__(self) -> dict[str, Any]:
        """Leave the secrets out: what is pickled ends up in caches and queues."""
        return {**vars(self), "token": None, "_found": None, "_refresh_secret": None}

    @sensitive_variables()
    def __str__(self) -> str:
        """The token as it is told. Of a draft, the grant is issued by this."""
        if self._found is not None and self.token is not None and self.payload == self._found.claims:
            return self.token if isinstance(self.token, str) else self.token.decode()
        return self._signed()

    def verify(self) -> None:
        """Prove once more what was proved when it was made of a text. A subclass may refuse more than we do.

        Raises:
            TokenError: it is not valid.
        """
        if self._is_proved:  # Just now.
            self._is_proved = False
        elif self.token is not None:
            with in_their_words:
                proved(to_bytes(self.token), self._wanted())

    def outstand(self) -> tuple[OutstandingToken, bool]:
        """Issue it, and return its row."""
        is_new = self._found is None and self._issued is None
        return OutstandingToken.of_grant(self._grant()), is_new

    @property
    def principal(self) -> Principal | None:
        """For whom it speaks, if it was presented and is an access token."""
        return None if self._found is None else self._found.principal

    @property
    def subject(self) -> AbstractBaseUser | None:
        """The user for whom it speaks, if that was proved."""
        if self._found is None:
            return self._user
        if self._found.grant is not None:
            return self._found.grant.subject
        return None if self.principal is None else self.principal.subject

    @property
    def scope(self) -> frozenset[str]:
        """What it may be used for, as a permission asks."""
        return frozenset() if self.principal is None else self.principal.scope

    @property
    def client(self) -> str:
        """The software that it speaks through."""
        return CLIENT if self.principal is None else self.principal.client

    @property
    def grant_id(self) -> Any:
        """The id of its grant."""
        return self._grant().pk if self.principal is None else self.principal.grant_id

    @property
    def grant(self) -> Grant:
        """The row of its grant."""
        return self._grant()

    def _wanted(self) -> str | None:
        return self.token_type

    def _have_id(self, name: str) -> None:
        if name in {"jti", "sid", asked("JTI_CLAIM")} and name not in self.payload and self._is_draft():
            self._name()

    def _is_draft(self) -> bool:
        return self._user is not None

    def _grant(self) -> Grant:
        """The grant, issued now if it is a draft's."""
        if self._found is not None:
            grant = self._found.grant or (None if self.principal is None else self.principal.grant)
            if grant is None:
                with in_their_words:
                    raise Unknown("row")
            return grant
        if self._issued is None:
            if self._user is None:
                raise TypeError(f"A token speaks for somebody: {type(self).__name__}.for_user(user).")
            issued = issue(self._ask(self._user))
            self._issued, self._refresh_secret = issued.grant, issued.refresh_secret
            self._name()
        return self._issued

    def _name(self) -> None:
        """Say which token it is."""
        grant = self._grant()
        name = f"{grant.pk.hex}.{grant.generation or 0}"
        self.payload |= {"sid": grant.pk.hex, asked("JTI_CLAIM") or "jti": name}

    def _ask(self, user: AbstractBaseUser) -> Ask:
        return Ask(
            subject=user, kind=Kind.SIGN_IN, client=CLIENT, lifetime=self._kept_for(self.lifetime), **self.origin
        )

    @sensitive_variables()
    def _signed(self) -> str:
        grant = self._grant()
        if self._found is None:
            self._name()
        return sign(grant, lifetime=self._span(clock.now()), claims=self.payload)


class BlacklistMixin:
    """What can be ended by itself."""

    def blacklist(self: Any) -> tuple[BlacklistedToken, bool]:
        """End its grant, with every token of it. Whether it was live."""
        ended = revoke(self._grant(), reason=REASON)
        return BlacklistedToken.of_grant(self._grant()), ended > 0

    def check_blacklist(self: Any) -> None:
        """Refuse it if it has ended.

        Raises:
            TokenError: it has.
        """
        self.verify()


class AccessToken(Token):
    """What opens a view."""

    token_type = "access"
    lifetime = Asked("ACCESS_TOKEN_LIFETIME")
    _refresh: "RefreshToken | None" = None

    def _grant(self) -> Grant:
        return super()._grant() if self._refresh is None else self._refresh._grant()

    def _is_draft(self) -> bool:
        return self._refresh is not None or super()._is_draft()

    @sensitive_variables()
    def _signed(self) -> str:
        grant, now = self._grant(), clock.now()
        span = self._span(now)
        ends_at = grant.access_expires_at
        if ends_at is not None and ends_at < now + span and not put_off(grant, span + peers.simplejwt().leeway, now):
            with in_their_words:
                raise Unknown("digest")  # Refreshed or ended meanwhile.
        return super()._signed()


class SlidingToken(BlacklistMixin, Token):
    """What opens a view, and is told anew as long as its grant lives."""

    token_type = "sliding"
    lifetime = Asked("SLIDING_TOKEN_LIFETIME")

    def __init__(self, token: str | bytes | None = None, verify: bool = True) -> None:
        super().__init__(token, verify)
        if token is None:
            self.set_exp(asked("SLIDING_TOKEN_REFRESH_EXP_CLAIM"), lifetime=asked("SLIDING_TOKEN_REFRESH_LIFETIME"))

    def _ask(self, user: AbstractBaseUser) -> Ask:
        usual, claim = asked("SLIDING_TOKEN_REFRESH_LIFETIME"), asked("SLIDING_TOKEN_REFRESH_EXP_CLAIM")
        return Ask(subject=user, kind=Kind.SIGN_IN, client=CLIENT, lifetime=self._kept_for(usual, claim), **self.origin)


class RefreshToken(BlacklistMixin, Token):
    """What is traded for the next access token."""

    token_type = OF_REFRESH
    lifetime = Asked("REFRESH_TOKEN_LIFETIME")
    access_token_class: ClassVar[type[AccessToken]] = AccessToken

    @classmethod
    @sensitive_variables()
    def traded(cls, token: str | bytes) -> Self:
        """What it is traded for: itself, or, where the site has them rotate, the next one.

        Raises:
            TokenError: it is not valid. One that was traded before ends its grant by this.
        """
        with in_their_words:
            found = read(to_bytes(token), cls.token_type, clock.now())
            admit_refresh(found.secret, clock.now())
            refuse_by_rule(found)
            lifetime = cls.access_token_class.lifetime + peers.simplejwt().leeway
            if asked("ROTATE_REFRESH_TOKENS"):
                issued = redeem(found.secret, accept=REFRESH, client=CLIENT, access_lifetime=lifetime)
                return cls._going_on(found, issued.grant, issued.refresh_secret)
            return cls._going_on(found, renew(found.secret, accept=REFRESH, client=CLIENT, lifetime=lifetime), None)

    @classmethod
    @sensitive_variables()
    def ended(cls, token: str | bytes) -> None:
        """End its grant, whichever of its refresh tokens that is, and though it may have expired.

        Raises:
            TokenError: it is not valid, or the grant has ended before.
        """
        with in_their_words:
            found = read(to_bytes(token), cls.token_type, None)
            if not revoke_presented(found.secret, accept=REFRESH, reason=REASON):
                read(to_bytes(token), cls.token_type, clock.now())  # It may have expired, which it says itself.
                raise Revoked

    @classmethod
    def _going_on(cls, found: Presented, grant: Grant, refresh_secret: str | None) -> Self:
        token = cls()
        token.payload = {**found.claims, **token.payload}
        token._issued, token._refresh_secret, token._user = grant, refresh_secret, grant.subject
        token._name()
        return token

    @property
    def no_copy_claims(self) -> tuple[Any, ...]:
        """The claims that an access token has of its own."""
        return asked("TOKEN_TYPE_CLAIM"), "exp", asked("JTI_CLAIM"), "jti", "iat"

    @property
    def access_token(self) -> AccessToken:
        """An access token of the same grant, with the same claims."""
        access = self.access_token_class()
        access._refresh = self
        access.set_exp(from_time=self.current_time)
        access.payload |= {name: self.payload[name] for name in self.payload if name not in self.no_copy_claims}
        return access

    def _ask(self, user: AbstractBaseUser) -> Ask:
        span, longest = self._kept_for(self.lifetime), current().TOKEN_LIFETIME
        # One that rotates lies idle for as long, and is traded until the site's own end of all tokens.
        is_long = longest == "never" or span <= longest
        return Ask(
            subject=user,
            kind=Kind.SIGN_IN,
            client=CLIENT,
            may_refresh=True,
            idle_lifetime=span,
            lifetime=None if asked("ROTATE_REFRESH_TOKENS") and is_long else span,
            access_lifetime=self.access_token_class.lifetime + peers.simplejwt().leeway,
            **self.origin,
        )

    @sensitive_variables()
    def _signed(self) -> str:
        grant, ends_at = self._grant(), datetime.fromtimestamp(self.payload["exp"], self.current_time.tzinfo)
        if grant.ends_at is not None:
            ends_at = min(ends_at, grant.ends_at - peers.simplejwt().leeway)
        return sealed_in(grant, self._secret(), self.payload, ends_at)

    def _secret(self) -> str:
        if self._refresh_secret is not None:
            return self._refresh_secret
        if self._found is not None and isinstance(self._found.secret, bytes):
            return self._found.secret.decode()
        with in_their_words:
            raise Unknown("secret")  # One that is not traded is not told anew.


class UntypedToken(Token):
    """Any of them."""

    token_type = "untyped"
    lifetime = timedelta(0)

    def _wanted(self) -> None:
        return None
