"""The site's choices: `TESSERA = {…}` in its settings, one frozen object here."""

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from functools import cache
from types import MappingProxyType
from typing import Any, Literal, get_args

from django.conf import settings as django_settings
from django.core.signals import setting_changed
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Pepper = str | bytes | Callable[[], str | bytes]
JwtKey = str | bytes | Callable[[], str | bytes]
Algorithm = Literal["EdDSA", "ES256", "RS256", "HS256"]
Lifetime = timedelta | Literal["never"]
Wording = str | Promise
WhenFull = Literal["evict", "refuse"]
AccessFormat = Literal["opaque", "jwt"]
WHEN_FULL = frozenset(get_args(WhenFull))
ALGORITHMS = get_args(Algorithm)
ACCESS_FORMATS = frozenset(get_args(AccessFormat))
LONGEST_LEEWAY = timedelta(minutes=1)
RECORDABLE = ("address", "agent")

TOKENS = "tokens"
"""The word of ours among the scopes of a site that has any: with it, a client may manage its user's tokens."""

LOGIN_RATES: Mapping[str, str] = MappingProxyType(
    {"name_and_address": "10/minute", "address": "60/minute", "failures_of_name": "100/hour", "slowed": "1/minute"}
)
"""Those that keep a password from being guessed."""

DEFAULT_RATES: Mapping[str, str] = MappingProxyType(
    {**LOGIN_RATES, "refresh": "30/minute", "refused": "60/minute", "letter": "60/minute", "personal": "60/hour"}
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """Every setting, with its default and what it is for. All spans of time are `timedelta`."""

    PREFIX: str | tuple[str, ...] = "tsr"
    """What every token of this site begins with, so that secret scanners find a leaked one: 2 to 10 of `a-z0-9`. If
    there are several, new tokens have the first, and all are accepted."""

    PEPPERS: tuple[Pepper, ...] = field(default=(), repr=False)
    """The secrets that key every tag, digest and fingerprint, 32 bytes or more each: text, bytes, or a callable that
    returns one (from a key service). New tokens are made with the first, and all are accepted. `manage.py tessera
    pepper` makes one. If unset, they are derived from `SECRET_KEY` and `SECRET_KEY_FALLBACKS`, which `check --deploy`
    refuses."""

    REALM: str = "api"
    """The name of this deployment, in printable ASCII. It is part of every key and of the challenge (RFC 9110 §11.5):
    changing it ends every token made before. Give staging and production different names."""

    TOKEN_LIFETIME: Lifetime = timedelta(days=365)
    """How long a token lives, unless its ask says otherwise: a sign-in too, however often it is refreshed. A token that
    nobody remembers must end some day, so `"never"` has to be written out."""

    ACCESS_LIFETIME: timedelta = timedelta(minutes=15)
    """How long an access token lives that comes with a refresh token. Whoever steals it has it for no longer,
    or, if its owner refreshes at the last moment, for `REUSE_WINDOW` more."""

    REFRESH_LIFETIME: timedelta = timedelta(days=30)
    """How long a refresh token lives. Each refresh gives another, so this is how long a sign-in may lie idle. Longer
    than `ACCESS_LIFETIME`. However much it is used, it ends with `TOKEN_LIFETIME`, or what its ask said."""

    SHORT_LIFETIME: timedelta = timedelta(hours=12)
    """How long a sign-in lives whose user is not to be remembered, as on a computer that others use:
    `remember=false` at the log-in. However much it is used, it ends then, or with `TOKEN_LIFETIME` if that is less."""

    REUSE_WINDOW: timedelta = timedelta(seconds=10)
    """How long a refresh token that has been traded is answered with the pair that it was traded for, while that is the
    current one, so that two tabs can refresh at once. The access token before is good for as long. Longer than requests
    that were sent together can lie apart; every second more is one in which a thief may share a sign-in unnoticed."""

    RETRY_LIMIT: timedelta = timedelta(days=1)
    """How long a client whose answer was lost may present the refresh token again, as long as nobody has used the pair
    that it was traded for. It gets another, and the one that nobody used is dead. Each answer begins the span anew.
    Longer than a client is without a network."""

    RECENT_LOGIN: timedelta = timedelta(minutes=15)
    """How young a sign-in has to be to make a personal token, counted from its log-in. Whoever finds an older one must
    not make himself another, that outlives it. A refresh does not make a sign-in younger; only a log-in is as good."""

    UNBOUND_KINDS: tuple[str, ...] = ()
    """Kinds of token that outlive a changed password, such as `("machine",)`. Decided when the token is made."""

    SCOPES: Mapping[str, Wording] = field(default_factory=dict)
    """Every scope that a token of this site may have, and what it lets a client do, in words for the user:
    `{"tracks:read": _("See your tracks")}`. If there are any, `tokens` is one of them: "See, make and end your tokens",
    unless it is worded here. A token that is asked for without a scope has them all, as far as the `POLICY` goes."""

    LIMITS: Mapping[str, tuple[int, WhenFull]] = field(default_factory=dict)
    """How many live tokens of a kind each user may have, and what becomes of one more. With `{"sign-in": (5, "evict")}`
    a sixth sign-in ends the oldest; with `"refuse"` it is answered 403. A pair counts as one. Adopted tokens have no
    limit, nor have letters, nor machines that act for no user. A `POLICY` may set another limit for each user."""

    LAST_USED_INTERVAL: timedelta | None = timedelta(minutes=10)
    """How often, at most, the last use of a token is recorded: each time is one write. `None` records none. An end that
    a use puts off is put off at least once a minute all the same: it may be only minutes away. Another span counts for
    a token from its next recorded use on."""

    RECORDED: tuple[str, ...] = ()
    """What is kept of a log-in for its user to see in the list of his tokens: `"address"`, from where it came, and
    `"agent"`, what its browser or app called itself. Both tell of a person, so a site that keeps them says so to its
    users. They go with the row."""

    RETENTION: timedelta = timedelta(days=30)
    """How long the row of an ended token is kept for people to look at. Then it goes: at once with `manage.py tessera
    prune`, and without it by and by, as one issued token in twenty looks at a hundred rows."""

    LETTER_LIFETIME: timedelta = timedelta(days=1)
    """How long a letter may be redeemed. Until then, whoever can read the mailbox can redeem it."""

    JWT_ALGORITHM: Algorithm = "EdDSA"
    """Of which algorithm `manage.py tessera keys new` makes a key: `"EdDSA"` (with Ed25519), `"ES256"`, `"RS256"`, or
    `"HS256"`. The last is for a move from elsewhere. Its key is never published: who can verify with it can sign."""

    JWT_KEYS: tuple[JwtKey, ...] = field(default=(), repr=False)
    """The keys that sign JWTs, for a site that keeps them in files, in its environment or in a key service: as PEM or
    JWK, in text or bytes, or a callable that returns one, such as `Path("/run/secrets/jwt.pem").read_text`. The first
    signs, and all are accepted and published. If unset, they are in the database, encrypted."""

    JWKS_MAX_AGE: timedelta = timedelta(hours=1)
    """How long others may keep the published keys before they ask again. A new key signs once that is over."""
    ACCESS_FORMAT: AccessFormat = "opaque"
    """What the native dialect hands out as an access token: `"opaque"`, or `"jwt"` for a JSON Web Token (RFC 9068),
    which other services can read without asking this one. Both open the same and end the same here, whatever this
    says; the others learn of a revocation only when it expires. It takes the extra `jwt`."""

    JWT_ISSUER: str | None = None
    """Who issues the tokens that are signed: their claim `iss`, which other services compare. `None` is the `ISSUER` of
    `SIMPLE_JWT` where there is one, or `BASE_URL`, or `REALM`."""

    JWT_AUDIENCE: str | None = None
    """For whom they are: their claim `aud`. Every service that takes them refuses what has another. `None` is the
    `AUDIENCE` of `SIMPLE_JWT` where there is one, or the issuer."""

    JWT_LEEWAY: timedelta = timedelta(0)
    """How long after its end a signed token is still accepted here, at most a minute. It is signed and read by the same
    clock, or by clocks that are set by one: none is needed, and the row ends with its own clock anyway. The `LEEWAY` of
    `SIMPLE_JWT` counts where it is longer."""

    JWT_CLAIMS: str | None = None
    """The dotted path of a callable `(grant)`, which returns a dict: what the tokens that are signed for a grant say
    beside what is always in them. Whoever holds one can read it. In every dialect."""

    TOKEN_FOR_NEW_USERS: str | None = None
    """The dotted path of a callable `(user, issued)`. If it is set, every new user is given a token, and the callable
    has to pass `issued.secret` on to somebody, because it cannot be read again."""

    LETTER_FOR_NEW_USERS: str | None = None
    """The dotted path of a callable `(user, issued)`. If it is set, every new user is given a letter whose client is
    `"claim"`, and the callable has to send it. `"tessera.plain.letters.mail"` sends a link by mail."""

    BASE_URL: str | None = None
    """Where people reach the site, such as `"https://shop.example"`. Links in mails begin with it, and never with the
    `Host` of a request, which whoever sends it can choose. Where no links are made, it is not needed."""

    POLICY: str = "tessera.engine.policy.Policy"
    """The dotted path of the class that decides which tokens are granted, for how long. Subclass `tessera.Policy`."""

    COOKIES: bool = False
    """Whether a browser may carry its tokens in two cookies, `__Host-access` and `__Host-refresh`, which no script can
    read. A token in the `Authorization` header goes before them. What a cookie authenticates is under Django's CSRF
    protection, so `CsrfViewMiddleware` must be in `MIDDLEWARE`. Browsers keep such cookies over HTTPS only."""

    THROTTLE_CACHE: str = "default"
    """The alias of the cache that counts what the `RATES` limit. It must count atomically: use Redis, Valkey or
    memcached if more than one process serves the site."""

    RATES: Mapping[str, str | None] = field(default_factory=dict)
    """How often something may be tried, for a site whose numbers are not the defaults: a number per second, minute,
    hour or day. `None` sets no limit. Four rates say how many log-in attempts reach the password check:

    - `name_and_address` (10/minute): of one user from one address. A person mistypes a password a few times.
    - `address` (60/minute): from one address, of all users. An office or a school has one address for everybody.
    - `failures_of_name` (100/hour): wrong passwords of one user, from wherever. Nobody mistypes as many; past them, an
      address that has never logged in under that name gets `slowed`. That locks nobody out.
    - `slowed` (1/minute): in place of `name_and_address`. A guesser with a thousand addresses then has a thousand
      guesses a minute at the most, and a user who is on a journey still gets in.

    Four more limit what cannot be guessed, and costs queries or rows all the same:

    - `refresh` (30/minute): refreshes of one sign-in. It needs one for each `ACCESS_LIFETIME`, and many tabs that awake
      together a few more.
    - `refused` (60/minute): refusals of one token that was good once, or, of what might be an adopted key, from one
      address. A page that sends everything at once with a dead token does not get there; a program in a loop does.
    - `letter` (60/minute): letters that are redeemed from one address. A class that opens its letters in one lesson has
      one address.
    - `personal` (60/hour): personal tokens that one user makes by the native dialect. `LIMITS` says how many live ones
      he may have in all."""

    def rates(self) -> Mapping[str, str | None]:
        """`RATES` over the defaults."""
        return {**DEFAULT_RATES, **self.RATES}

    def short_lifetime(self) -> timedelta:
        """`SHORT_LIFETIME`, or what is shorter still."""
        return self.SHORT_LIFETIME if self.TOKEN_LIFETIME == "never" else min(self.SHORT_LIFETIME, self.TOKEN_LIFETIME)


NAMES = frozenset(field.name for field in fields(Settings))


def raw(name: str = "TESSERA") -> Any:
    """What the site wrote under `name`. It may be wrong: that is for the system checks to tell."""
    return getattr(django_settings, name, {})


@cache
def current() -> Settings:
    """The site's settings, read when first needed, and again after they change.

    A name that is not a setting is ignored here; the system check `tessera.E002` refuses it.
    """
    return Settings(**{name: value for name, value in raw().items() if name in NAMES})


@cache
def scopes() -> Mapping[str, Wording]:
    """`SCOPES`, with the word of ours. Empty if the site has none."""
    registered = current().SCOPES
    return {**registered, TOKENS: registered.get(TOKENS, _("See, make and end your tokens"))} if registered else {}


@cache
def prefixes() -> tuple[str, ...]:
    """`PREFIX` as a tuple."""
    prefix = current().PREFIX
    return (prefix,) if isinstance(prefix, str) else tuple(prefix)


@cache
def peppers() -> tuple[bytes, ...]:
    """`PEPPERS` as bytes, or what is derived from `SECRET_KEY` if there are none. A callable is called once."""
    return tuple(_to_bytes(pepper() if callable(pepper) else pepper) for pepper in current().PEPPERS) or tuple(
        map(_derived, (django_settings.SECRET_KEY, *django_settings.SECRET_KEY_FALLBACKS))
    )


@cache
def jwt_keys() -> tuple[str | bytes, ...]:
    """`JWT_KEYS` as text or bytes. A callable is called once."""
    return tuple(key() if callable(key) else key for key in current().JWT_KEYS)


def secret_key_pepper() -> bytes:
    """The pepper that is used if `PEPPERS` is not set. Put it last in `PEPPERS` to keep the tokens made until then."""
    return _derived(django_settings.SECRET_KEY)


def _derived(secret: str | bytes) -> bytes:
    return hmac.digest(b"tessera/1/django", _to_bytes(secret), "sha256")


def _to_bytes(secret: str | bytes) -> bytes:
    return secret.encode() if isinstance(secret, str) else secret


OURS = frozenset({"TESSERA", "SECRET_KEY", "SECRET_KEY_FALLBACKS"})
"""The settings of the site that are read here."""


def _changed(*, setting: str, **__: object) -> None:
    if setting in OURS:
        for known in (current, scopes, prefixes, peppers, jwt_keys):
            known.cache_clear()


setting_changed.connect(_changed, dispatch_uid="tessera.conf")
