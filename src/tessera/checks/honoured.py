"""What becomes of each key of `REST_KNOX` and `SIMPLE_JWT`: it is honoured, or the site is told why not."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from tessera.checks.settings import is_listed, is_span
from tessera.checks.site import imported

Proof = Callable[[Any], bool]


@dataclass(frozen=True, slots=True)
class Key:
    """A key of a peer. It accepts what `holds` proves; of that, what `works` proves shapes what we do."""

    wanted: str
    holds: Proof
    works: Proof = lambda _: True
    reason: str = ""
    instead: str = ""


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value.strip() != ""


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_seconds(value: Any) -> bool:
    return isinstance(value, timedelta | int | float) and not isinstance(value, bool) and _seconds(value) >= 0


def _is_key(value: Any) -> bool:
    return isinstance(value, str | bytes)


def _is_loadable(value: Any) -> bool:
    return callable(imported(value) if isinstance(value, str) else value)


def _is_words(value: Any) -> bool:
    words = value if is_listed(value) else (value,)
    return len(words) > 0 and all(isinstance(word, str) and word.split() == [word] for word in words)


def _is_none_or(proof: Proof) -> Proof:
    return lambda value: value is None or proof(value)


def _is(*wanted: object) -> Proof:
    return lambda value: value in wanted


def _seconds(value: Any) -> float:
    return value.total_seconds() if isinstance(value, timedelta) else value


def _never(_: Any) -> bool:
    return False


_A_SPAN = "a positive timedelta of at most a hundred years"
_A_FLAG = "True or False"
_A_CALLABLE = "the dotted path of a class or function that can be imported"
_A_TEXT = "a text that is not blank"

_OF_BEFORE = "it is read for the tokens that were made before the move, and "
_SIGNED_ANEW = f"{_OF_BEFORE}new ones are signed by keys of ours"
_OUR_KEYS = (
    "Keep it until manage.py tessera adopt simplejwt --finish. Who else verifies your tokens takes the keys from "
    '.well-known/jwks.json, or TESSERA["JWT_KEYS"] names this one.'
)

KNOX = MappingProxyType(
    {
        "SECURE_HASH_ALGORITHM": Key(
            "the dotted path of a hash",
            # Its library need not be there any more.
            lambda value: callable(value) or _is_text(value),
            _is("hashlib.sha512"),
            f"{_OF_BEFORE}of new ones a keyed hash is stored",
            "Keep it while those tokens live.",
        ),
        "AUTH_TOKEN_CHARACTER_LENGTH": Key(
            "a whole number, and not negative",
            _is_count,
            _is(64),
            f"{_OF_BEFORE}new ones have 256 random bits each, in a text of one length",
            "Keep it while those tokens live.",
        ),
        "TOKEN_TTL": Key(f"{_A_SPAN}, or None", _is_none_or(is_span)),
        "USER_SERIALIZER": Key(f"{_A_CALLABLE}, or None", _is_none_or(_is_loadable)),
        "TOKEN_LIMIT_PER_USER": Key("a whole number, and not negative, or None", _is_none_or(_is_count)),
        "AUTO_REFRESH": Key(_A_FLAG, _is_flag),
        "AUTO_REFRESH_MAX_TTL": Key(f"{_A_SPAN}, or None", _is_none_or(is_span)),
        "MIN_REFRESH_INTERVAL": Key(
            "a number of seconds",
            _is_seconds,
            _never,
            "a use puts the end of a token off once a minute at most",
            "Take it out.",
        ),
        "AUTH_HEADER_PREFIX": Key("one word", lambda value: isinstance(value, str) and _is_words(value)),
        "EXPIRY_DATETIME_FORMAT": Key("a text, or None", _is_none_or(lambda value: isinstance(value, str))),
        "TOKEN_MODEL": Key(
            "the label of a model",
            _is_text,
            _is("knox.AuthToken"),
            f"{_OF_BEFORE}new ones are in one table, whatever model there was",
            "What your model holds beside the token belongs into a table with a key to the user or the grant.",
        ),
        "TOKEN_PREFIX": Key(
            "a text",
            lambda value: isinstance(value, str),
            _is(""),
            "the prefix of every token is one, so that a scanner finds all of them",
            'TESSERA["PREFIX"] is yours to choose: 2 to 10 of a-z and 0-9.',
        ),
    }
)
"""Every key of `REST_KNOX`."""

SIMPLEJWT = MappingProxyType(
    {
        "ACCESS_TOKEN_LIFETIME": Key(_A_SPAN, is_span),
        "REFRESH_TOKEN_LIFETIME": Key(_A_SPAN, is_span),
        "ROTATE_REFRESH_TOKENS": Key(_A_FLAG, _is_flag),
        "BLACKLIST_AFTER_ROTATION": Key(
            _A_FLAG,
            _is_flag,
            _is(True),
            "a refresh token that has been traded is spent, and whoever presents it again ends the sign-in",
            "Set True, or take it out.",
        ),
        "UPDATE_LAST_LOGIN": Key(
            _A_FLAG,
            _is_flag,
            _is(True),
            "each log-in sends the signal of Django, which writes it down",
            "Set True, or take it out; to have none written, disconnect update_last_login from user_logged_in.",
        ),
        "ALGORITHM": Key(_A_TEXT, _is_text, _never, _SIGNED_ANEW, _OUR_KEYS),
        "SIGNING_KEY": Key("a text or bytes", _is_key, _never, _SIGNED_ANEW, _OUR_KEYS),
        "VERIFYING_KEY": Key("a text, bytes or None", _is_none_or(_is_key), _is("", None), _SIGNED_ANEW, _OUR_KEYS),
        "AUDIENCE": Key("a text, a list of texts, or None", _is_none_or(lambda v: _is_text(v) or is_listed(v))),
        "ISSUER": Key("a text, or None", _is_none_or(_is_text)),
        "JSON_ENCODER": Key(
            f"{_A_CALLABLE}, or None",
            _is_none_or(_is_loadable),
            _is(None),
            "claims are written as plain JSON",
            "Let what makes the claims answer texts, numbers, lists and dicts.",
        ),
        "JWK_URL": Key(
            "a text, or None",
            _is_none_or(_is_text),
            _is(None),
            "tokens that somebody else signs are not accepted: each of ours stands on a grant",
            "Leave JWTAuthentication of the package you come from on the views that take those.",
        ),
        "LEEWAY": Key(
            "a number of seconds or a timedelta, and not negative",
            _is_seconds,
            lambda value: _seconds(value) <= 60,
            "no clock is believed to be wrong by more than a minute",
            "Such as 60.",
        ),
        "AUTH_HEADER_TYPES": Key("a word, or a list or tuple of words", _is_words),
        "AUTH_HEADER_NAME": Key(_A_TEXT, _is_text),
        "USER_ID_FIELD": Key(_A_TEXT, _is_text),
        "USER_ID_CLAIM": Key(_A_TEXT, _is_text),
        "USER_AUTHENTICATION_RULE": Key(_A_CALLABLE, _is_loadable),
        "ON_LOGIN_SUCCESS": Key(_A_CALLABLE, _is_loadable),
        "ON_LOGIN_FAILED": Key(_A_CALLABLE, _is_loadable),
        "AUTH_TOKEN_CLASSES": Key(
            "a list or tuple of dotted paths of classes",
            lambda value: is_listed(value) and all(map(_is_loadable, value)),
        ),
        "TOKEN_TYPE_CLAIM": Key("a text, or None", _is_none_or(_is_text)),
        "JTI_CLAIM": Key("a text, or None", _is_none_or(_is_text)),
        "TOKEN_USER_CLASS": Key(
            _A_CALLABLE,
            _is_loadable,
            _never,
            "every token is looked up, so the user of a request is the real one",
            "Take it out.",
        ),
        "SLIDING_TOKEN_REFRESH_EXP_CLAIM": Key(_A_TEXT, _is_text),
        "SLIDING_TOKEN_LIFETIME": Key(_A_SPAN, is_span),
        "SLIDING_TOKEN_REFRESH_LIFETIME": Key(_A_SPAN, is_span),
        "TOKEN_OBTAIN_SERIALIZER": Key(_A_CALLABLE, _is_loadable),
        "TOKEN_REFRESH_SERIALIZER": Key(_A_CALLABLE, _is_loadable),
        "TOKEN_VERIFY_SERIALIZER": Key(_A_CALLABLE, _is_loadable),
        "TOKEN_BLACKLIST_SERIALIZER": Key(_A_CALLABLE, _is_loadable),
        "SLIDING_TOKEN_OBTAIN_SERIALIZER": Key(_A_CALLABLE, _is_loadable),
        "SLIDING_TOKEN_REFRESH_SERIALIZER": Key(_A_CALLABLE, _is_loadable),
        "CHECK_REVOKE_TOKEN": Key(
            _A_FLAG,
            _is_flag,
            _is(True),
            "a token ends with the password that made it",
            'Take it out. TESSERA["UNBOUND_KINDS"] says which kinds of token do not.',
        ),
        "REVOKE_TOKEN_CLAIM": Key(_A_TEXT, _is_text),
        "CHECK_USER_IS_ACTIVE": Key(
            _A_FLAG,
            _is_flag,
            _is(True),
            "the tokens of a user who is not active open nothing",
            "Take it out, and let such users be active, with fewer permissions.",
        ),
    }
)
"""Every key of `SIMPLE_JWT`."""

REMOVED = MappingProxyType(
    {
        ("SIMPLE_JWT", "AUTH_HEADER_TYPE"): "AUTH_HEADER_TYPES",
        ("SIMPLE_JWT", "AUTH_TOKEN_CLASS"): "AUTH_TOKEN_CLASSES",
        ("SIMPLE_JWT", "SECRET_KEY"): "SIGNING_KEY",
        ("SIMPLE_JWT", "TOKEN_BACKEND_CLASS"): "ALGORITHM",
    }
)
"""What a peer had once, and which key of today is about the same."""

HONOURED: Mapping[str, Mapping[str, Key]] = MappingProxyType({"REST_KNOX": KNOX, "SIMPLE_JWT": SIMPLEJWT})
"""For each dict of a peer's settings, its keys."""
