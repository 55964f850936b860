"""The checks of `TESSERA`, one setting at a time."""

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from difflib import get_close_matches
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

from django.core.cache import caches
from django.core.checks import CheckMessage, Tags, register
from django.urls import reverse
from django.utils.functional import Promise

from tessera import conf
from tessera.checks.catalog import say
from tessera.checks.site import attempt, imported, tessera
from tessera.engine.letters import CLAIM
from tessera.engine.policy import LIMITED_KINDS
from tessera.engine.rates.counters import parse_rate
from tessera.format.scope import is_token
from tessera.models import Kind

_NESTED = ("REUSE_WINDOW", "ACCESS_LIFETIME", "REFRESH_LIFETIME")
"""Each of these spans lies within the next."""

_THIS_MACHINE = {"localhost", "127.0.0.1", "::1"}
_WIDEST_WINDOW = timedelta(minutes=1)
_NOTHING, _LONGEST = timedelta(0), timedelta(days=36525)


def is_prefix(value: Any) -> bool:
    """Whether tokens may begin with it."""
    return isinstance(value, str) and re.fullmatch("[a-z0-9]{2,10}", value) is not None


def is_prefixes(value: Any) -> bool:
    """Whether it is one prefix, or a list of different ones."""
    several = (value,) if isinstance(value, str) else value
    return is_listed(several) and all(map(is_prefix, several)) and 0 < len(set(several)) == len(several)


def is_listed(value: Any) -> bool:
    """Whether it is a list or a tuple. A set would not do where the first entry matters."""
    return isinstance(value, (list, tuple))


def is_realm(value: Any) -> bool:
    """Whether it may stand in a quoted string of a header (RFC 9110 §5.6.4)."""
    return isinstance(value, str) and value.isascii() and value.isprintable() and value.strip() != ""


def is_span(value: Any) -> bool:
    """Whether it is a positive span of time, short enough to be added to any date."""
    return isinstance(value, timedelta) and _NOTHING < value <= _LONGEST


def is_window(value: Any) -> bool:
    """Whether it is a span of time, or none at all."""
    return value == _NOTHING or is_span(value)


def is_never(value: Any) -> bool:
    """Whether it is the word "never"."""
    return isinstance(value, str) and value == "never"


def is_kinds(value: Any) -> bool:
    """Whether it is a collection of kinds. A set will do: its order does not matter."""
    return isinstance(value, (list, tuple, set, frozenset)) and all(kind in Kind.values for kind in value)


def is_scopes(value: Any) -> bool:
    """Whether it maps words that may stand in a scope to what people read."""
    return isinstance(value, Mapping) and all(
        is_token(word) and isinstance(told, str | Promise) and str(told).strip() for word, told in value.items()
    )


def is_recorded(value: Any) -> bool:
    """Whether it is a collection of what can be recorded of a log-in."""
    return isinstance(value, (list, tuple, set, frozenset)) and all(name in conf.RECORDABLE for name in value)


def is_limit(value: Any) -> bool:
    """Whether it says how many there may be, and what becomes of one more. `True` is a number to Python."""
    count, when_full = value
    return type(count) is int and count > 0 and when_full in conf.WHEN_FULL


def is_limits(value: Any) -> bool:
    """Whether it maps kinds to limits."""
    return isinstance(value, Mapping) and all(
        kind in LIMITED_KINDS and is_listed(limit) and is_limit(limit) for kind, limit in value.items()
    )


def is_base_url(value: Any) -> bool:
    """Whether a link may begin with it: what is sent there is a secret. On this machine it need not be HTTPS."""
    parts = urlsplit(value)
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _THIS_MACHINE)
    # Put together anew without a user, a path, a query or a fragment, it is as it was. (A port that is none raises.)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    bare = f"{parts.scheme}://{host}" + ("" if parts.port is None else f":{parts.port}")
    return bool(host) and is_safe and value.removesuffix("/").lower() == bare


def is_name(value: Any) -> bool:
    """Whether it may name an issuer or an audience, as those who read a token have it in their own settings."""
    return isinstance(value, str) and value.isprintable() and value != "" and " " not in value


def is_policy(value: Any) -> bool:
    """Whether it names a policy class. Not an instance: the engine makes a new one for each ask."""
    found = imported(value)
    return isinstance(found, type) and callable(getattr(found, "judge", None))


def is_alias(value: Any) -> bool:
    """Whether the site has a cache of that name."""
    return isinstance(value, str) and value in caches


def is_rate(value: Any) -> bool:
    """Whether it is a rate that lets at least one pass."""
    rate = attempt(lambda: parse_rate(value))
    return not isinstance(rate, Exception) and rate[0] > 0


def is_rates(value: Any) -> bool:
    """Whether it maps names of rates to rates, or to `None`."""
    return isinstance(value, Mapping) and all(
        name in conf.DEFAULT_RATES and (rate is None or is_rate(rate)) for name, rate in value.items()
    )


PROOFS: Mapping[str, tuple[str, Callable[[Any], bool]]] = {
    "PREFIX": ("E003", is_prefixes),
    "REALM": ("E004", is_realm),
    "TOKEN_LIFETIME": ("E005", lambda value: is_span(value) or is_never(value)),
    "ACCESS_LIFETIME": ("E029", is_span),
    "REFRESH_LIFETIME": ("E029", is_span),
    "SHORT_LIFETIME": ("E029", is_span),
    "REUSE_WINDOW": ("E030", is_window),
    "RETRY_LIMIT": ("E030", is_window),
    "RECENT_LOGIN": ("E029", is_span),
    "UNBOUND_KINDS": ("E006", is_kinds),
    "SCOPES": ("E033", is_scopes),
    "LIMITS": ("E032", is_limits),
    "LAST_USED_INTERVAL": ("E007", lambda value: value is None or is_span(value)),
    "RECORDED": ("E036", is_recorded),
    "RETENTION": ("E008", is_window),
    "LETTER_LIFETIME": ("E029", is_span),
    "JWT_ALGORITHM": ("E043", lambda value: isinstance(value, str) and value in conf.ALGORITHMS),
    "JWKS_MAX_AGE": ("E029", is_span),
    "ACCESS_FORMAT": ("E041", lambda value: value in conf.ACCESS_FORMATS),
    "JWT_ISSUER": ("E042", lambda value: value is None or is_name(value)),
    "JWT_AUDIENCE": ("E042", lambda value: value is None or is_name(value)),
    "JWT_LEEWAY": ("E045", lambda value: is_window(value) and value <= conf.LONGEST_LEEWAY),
    "JWT_CLAIMS": ("E046", lambda value: value is None or callable(imported(value))),
    "TOKEN_FOR_NEW_USERS": ("E009", lambda value: value is None or callable(imported(value))),
    "LETTER_FOR_NEW_USERS": ("E009", lambda value: value is None or callable(imported(value))),
    "BASE_URL": ("E039", lambda value: value is None or is_base_url(value)),
    "POLICY": ("E010", is_policy),
    "COOKIES": ("E035", lambda value: isinstance(value, bool)),
    "THROTTLE_CACHE": ("E011", is_alias),
    "RATES": ("E012", is_rates),
}
"""For each setting, the message to give unless the proof holds. `PEPPERS` and `JWT_KEYS` have files of their own."""


def is_right(name: str) -> bool:
    """Whether the value of this setting can be used."""
    _, holds = PROOFS[name]
    return attempt(lambda: holds(tessera()[name])) is True


@register("tessera", Tags.security)
def prove_names(**_: Any) -> list[CheckMessage]:
    """`TESSERA` is a dict, and every name in it is a setting."""
    if not isinstance(conf.raw(), Mapping):
        return [say("E001")]
    return [
        say("E002", name=shown(name), nearest=get_close_matches(str(name).upper(), conf.NAMES, n=1, cutoff=0)[0])
        for name in conf.raw()
        if name not in conf.NAMES
    ]


@register("tessera", Tags.security)
def prove_values(**_: Any) -> list[CheckMessage]:
    """Every value is one that its setting accepts."""
    return [say(number, name=name) for name, (number, _) in PROOFS.items() if not is_right(name)]


@register("tessera", Tags.security)
def prove_spans(**_: Any) -> list[CheckMessage]:
    """No span is longer than the one that it lies in, and the window in which a pair is shared is short."""
    told = {name: value for name, value in tessera().items() if name in _NESTED and is_right(name)}
    spans = [(name, told[name]) for name in _NESTED if name in told]
    wrong = [
        say("E031", shorter=one, longer=other) for (one, span), (other, longer) in pairwise(spans) if span > longer
    ]
    return [*wrong, *([say("W009")] if told.get("REUSE_WINDOW", _NOTHING) > _WIDEST_WINDOW else [])]


@register("tessera", Tags.security)
def prove_guessing_is_counted(**_: Any) -> list[CheckMessage]:
    """No counter of log-in attempts is switched off."""
    rates = tessera()["RATES"] if is_right("RATES") else {}
    off = [name for name, rate in rates.items() if rate is None and name in conf.LOGIN_RATES]
    return [say("W004", rates=", ".join(off))] if off else []


@register("tessera", Tags.urls)
def prove_letters_lead_somewhere(**_: Any) -> list[CheckMessage]:
    """The link in the mail to a new user can be made."""
    if attempt(lambda: tessera()["LETTER_FOR_NEW_USERS"] == "tessera.plain.letters.mail") is not True:
        return []
    has_page = not isinstance(attempt(lambda: reverse(CLAIM)), Exception)
    return [] if has_page and tessera()["BASE_URL"] is not None else [say("W010", page=CLAIM)]


@register("tessera", Tags.security, deploy=True)
def prove_tokens_end(**_: Any) -> list[CheckMessage]:
    """Tokens expire by default."""
    return [say("W007")] if is_never(tessera()["TOKEN_LIFETIME"]) else []


def shown(name: object) -> str:
    """The name as a message may show it."""
    # A pepper may have been put here by mistake. It has 32 letters or more, and must not be printed.
    return repr(name) if isinstance(name, str) and len(name) < 32 else "a name"
