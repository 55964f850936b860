"""The messages of the checks. An id never changes its meaning, because sites silence checks by their ids."""

from types import MappingProxyType

from django.core import checks

from tessera.conf import ALGORITHMS, DEFAULT_RATES, RECORDABLE
from tessera.engine.policy import LIMITED_KINDS
from tessera.engine.signing.entrance import CURE
from tessera.models import Kind

_MAKE_A_PEPPER = "manage.py tessera pepper makes one."
_SEE_WHY = "Import it in manage.py shell to see why it does not load."

SENTENCES = MappingProxyType(
    {
        "E001": ("TESSERA is not a dict.", 'Write TESSERA = {"PREFIX": "shop"}, for example, or leave it out.'),
        "E002": ("TESSERA has {name}, which is no setting.", "Did you mean {nearest}?"),
        "E003": (
            'TESSERA["PREFIX"] must be 2 to 10 of a-z and 0-9, or a list or tuple of such, all different.',
            'Such as "shop", or ("shop", "tsr"): the first mints, all are understood.',
        ),
        "E004": (
            'TESSERA["REALM"] must be printable ASCII text, and not blank.',
            'Such as "shop", and "shop-staging" where that is tried out.',
        ),
        "E005": (
            'TESSERA["TOKEN_LIFETIME"] must be a positive timedelta of at most a hundred years, or "never".',
            "Such as timedelta(days=90).",
        ),
        "E006": (
            f'TESSERA["UNBOUND_KINDS"] must be a list, tuple or set of kinds of token: {", ".join(Kind.values)}.',
            'Such as ("machine",), with the comma.',
        ),
        "E007": (
            'TESSERA["LAST_USED_INTERVAL"] must be a positive timedelta of at most a hundred years, or None.',
            "Such as timedelta(minutes=10). None writes no last use down.",
        ),
        "E008": (
            'TESSERA["RETENTION"] must be a timedelta of at most a hundred years, and not negative.',
            "Such as timedelta(days=30).",
        ),
        "E009": (
            'TESSERA["{name}"] must be the dotted path of a callable, or None.',
            f'Such as "shop.tokens.tell", for a function (user, issued). {_SEE_WHY}',
        ),
        "E010": (
            'TESSERA["POLICY"] must be the dotted path of a class with a method judge.',
            f'Such as "shop.tokens.Policy", for a subclass of tessera.Policy. {_SEE_WHY}',
        ),
        "E011": ('TESSERA["THROTTLE_CACHE"] must be an alias of CACHES.', 'Such as "default".'),
        "E012": (
            f'TESSERA["RATES"] must be a dict of {", ".join(DEFAULT_RATES)}, '
            "or of some of them, each to a rate above zero or to None.",
            'Such as {"address": "100/minute"}: per second, minute, hour or day.',
        ),
        "E013": (
            'TESSERA["PEPPERS"] must be a list or tuple of texts, bytes or callables.',
            "One of them needs its brackets too, a set has no first, and None is a variable that is not set.",
        ),
        "E014": ('TESSERA["PEPPERS"][{place}] is shorter than 32 bytes.', _MAKE_A_PEPPER),
        "E015": (
            'TESSERA["PEPPERS"][{place}] is SECRET_KEY, or one of SECRET_KEY_FALLBACKS.',
            f"Who learns the one would have the other. {_MAKE_A_PEPPER}",
        ),
        "E016": ('TESSERA["PEPPERS"][{place}] stands there twice.', "Take it out once."),
        "E017": (
            'TESSERA["PEPPERS"][{place}] is a callable that answers no text or bytes: {instead}.',
            "Call it in manage.py shell to see why.",
        ),
        "E018": (
            'TESSERA["PEPPERS"] is not set: tokens are keyed by SECRET_KEY, and end with it.',
            f"{_MAKE_A_PEPPER} Those made before end, unless tessera.conf.secret_key_pepper is the last in the list.",
        ),
        "E019": (
            'The cache of TESSERA["THROTTLE_CACHE"] cannot be made: {error}.',
            "Look at its BACKEND and OPTIONS in CACHES, and whether its client library is installed.",
        ),
        "E020": (
            'The cache of TESSERA["THROTTLE_CACHE"] needs the package redis.',
            'pip install "django-tessera[redis]"',
        ),
        "E021": (
            'The cache of TESSERA["THROTTLE_CACHE"], {backend}, reads a counter and then writes it, '
            "so guesses made at once pass as one.",
            "Use Redis, Valkey or memcached; LocMemCache will do where one process serves.",
        ),
        "E022": (
            "Tokens are kept in the database {grants} and users in {users}.",
            "Let DATABASE_ROUTERS send both to one: they are read by one statement.",
        ),
        "E023": ("REST framework {version} is too old.", 'pip install "djangorestframework>=3.17.2"'),
        "E024": (
            'REST_FRAMEWORK["{name}"] must be a list or tuple.',
            "One class needs its brackets too. A text or a set breaks every view.",
        ),
        "E025": (
            'REST_FRAMEWORK["{name}"] names {entry}, which is no class that can be imported.',
            "Look for a misspelt path, or a comma that is missing between two lines.",
        ),
        "E026": (
            'REST_FRAMEWORK["NUM_PROXIES"] must be a whole number, and not negative.',
            "How many proxies of yours a request passes: 0 for none.",
        ),
        "E027": (
            'REST_FRAMEWORK["DEFAULT_SCHEMA_CLASS"] needs the package drf-spectacular.',
            'pip install "django-tessera[openapi]"',
        ),
        "E028": (
            "{view} signs people in, and {guard} keeps out those who have no token yet, or a dead one.",
            "Leave authentication_classes and permission_classes as they are on a log-in view of ours.",
        ),
        "E029": (
            'TESSERA["{name}"] must be a positive timedelta of at most a hundred years.',
            "Such as timedelta(minutes=15), or for a refresh token timedelta(days=30).",
        ),
        "E030": (
            'TESSERA["{name}"] must be a timedelta of at most a hundred years, and not negative.',
            "Such as timedelta(seconds=10), or for the limit timedelta(days=1). timedelta(0) is never.",
        ),
        "E031": (
            'TESSERA["{shorter}"] is longer than TESSERA["{longer}"], in which it lies.',
            "An access token outlives the window in which two tabs refresh, and a refresh token outlives it.",
        ),
        "E032": (
            f'TESSERA["LIMITS"] must be a dict of {", ".join(LIMITED_KINDS)}, '
            'or of some of them, each to a whole number above zero and "evict" or "refuse".',
            'Such as {"sign-in": (5, "evict")}.',
        ),
        "E033": (
            'TESSERA["SCOPES"] must be a dict of words to what they let a client do.',
            'Such as {"tracks:read": "See your tracks"}. A word is printable ASCII without spaces, quotation marks and '
            "backslashes.",
        ),
        "E034": (
            '{view} asks for the scope {word}, which is not in TESSERA["SCOPES"]: no token can have it.',
            "Write it there, with what it lets a client do, or look for a misspelt word.",
        ),
        "E035": (
            'TESSERA["COOKIES"] must be True or False.',
            "True lets a browser carry its tokens in cookies.",
        ),
        "E036": (
            f'TESSERA["RECORDED"] must be a list, tuple or set of {", ".join(RECORDABLE)}, or of one of them.',
            'Such as ("agent",), with the comma.',
        ),
        "E037": (
            'TESSERA["COOKIES"] is True, and no CsrfViewMiddleware is in MIDDLEWARE: a page of another site could act '
            "for who is signed in.",
            'Put "django.middleware.csrf.CsrfViewMiddleware" there, before AuthenticationMiddleware.',
        ),
        "E038": (
            "TokenMiddleware stands before AuthenticationMiddleware in MIDDLEWARE, which then takes the user of a "
            "token away again.",
            "Put it below.",
        ),
        "E039": (
            'TESSERA["BASE_URL"] must be an address with https, and no path, or None.',
            'Such as "https://shop.example", or "http://127.0.0.1:8000" on this machine.',
        ),
        "E040": ("{wanted} signs tokens, which takes the package joserfc.", CURE),
        "E041": (
            'TESSERA["ACCESS_FORMAT"] must be "opaque" or "jwt".',
            '"jwt" where other services read the tokens, and "opaque" everywhere else.',
        ),
        "E042": (
            'TESSERA["{name}"] must be text without spaces, or None.',
            'Such as "https://shop.example": others compare it letter by letter.',
        ),
        "E043": (
            f'TESSERA["JWT_ALGORITHM"] must be one of {", ".join(ALGORITHMS)}.',
            'Such as "EdDSA", or "ES256" where others cannot verify that.',
        ),
        "E044": (
            'TESSERA["JWT_KEYS"] must be a list or tuple of keys in PEM or JWK, or of callables that return one: '
            "{fault}.",
            'Such as [Path("/run/secrets/jwt.pem").read_text]. The first has its private half. RSA takes 2048 bits or '
            "more, a secret 32 bytes, and no key has a password.",
        ),
        "E045": (
            'TESSERA["JWT_LEEWAY"] must be a timedelta of at most a minute, and not negative.',
            "Such as timedelta(seconds=10). Set the clocks of the servers, rather than this.",
        ),
        "E046": (
            'TESSERA["JWT_CLAIMS"] must be the dotted path of a callable, or None.',
            f'Such as "shop.tokens.claims", for a function (grant) that returns a dict. {_SEE_WHY}',
        ),
        "E047": ("{setting} is not a dict.", "Write it as for the package that you come from, or leave it out."),
        "E048": ("{setting} has {name}, which its package has removed.", "Write {nearest} instead."),
        "E049": (
            '{setting}["{name}"] must be {wanted}.',
            "For a name of the package that you come from, manage.py tessera adopt --check prints what to write.",
        ),
        "W001": (
            "Views take tokens but ask for none: "
            'REST_FRAMEWORK["DEFAULT_PERMISSION_CLASSES"] is unset, or lets everybody in.',
            'Set ["rest_framework.permissions.IsAuthenticated"], and AllowAny on the views that are for everybody.',
        ),
        "W002": (
            "A missing or dead token is answered with 403 instead of 401, because {first} stands first in "
            'REST_FRAMEWORK["DEFAULT_AUTHENTICATION_CLASSES"] and has no challenge.',
            "Let the class for tokens stand first: clients know by the 401 that they must sign in again.",
        ),
        "W003": (
            "rest_framework.authtoken is installed too: user.auth_token is its token, so user.auth_token.delete() "
            "ends that one only, and the user's tokens of ours go on working. "
            "And manage.py drf_create_token is the command of {winner}.",
            "manage.py tessera adopt authtoken takes its tokens over; then take it out of INSTALLED_APPS.",
        ),
        "W004": (
            'TESSERA["RATES"] counts nothing for {rates}, so passwords are guessed faster.',
            "Raise the rate instead of setting None.",
        ),
        "W005": (
            'The cache of TESSERA["THROTTLE_CACHE"] is LocMemCache: each process counts log-ins for itself.',
            "Use Redis, Valkey or memcached where more than one process serves.",
        ),
        "W006": (
            'REST_FRAMEWORK["NUM_PROXIES"] is not set: behind a proxy, all clients count as one address at log-in.',
            "Set how many proxies of yours a request passes: 0 for none.",
        ),
        "W007": (
            'TESSERA["TOKEN_LIFETIME"] is "never": a token that leaked unnoticed opens for good.',
            "Such as timedelta(days=365); a single ask may still say never.",
        ),
        "W008": (
            "The table {table} holds keys in clear: whoever reads the database can use them.",
            "manage.py tessera adopt {package} takes them over, and with --finish it then scrubs the table for good.",
        ),
        "W009": (
            'TESSERA["REUSE_WINDOW"] is longer than a minute: as long, a thief may share a sign-in unnoticed.',
            "Such as timedelta(seconds=10): requests that two tabs send at once lie no further apart.",
        ),
        "W010": (
            'TESSERA["LETTER_FOR_NEW_USERS"] mails a link that cannot be made: TESSERA["BASE_URL"] is not set, '
            'or there is no URL named "{page}".',
            'Set it, and route path("{page}/", LetterPage.as_view(), name="{page}") of tessera.plain.letters.',
        ),
        "W011": (
            "HS256 signs JWTs: whoever is to verify them has to have the secret, and can sign as well.",
            'Set TESSERA["JWT_ALGORITHM"] to "EdDSA", and make a key: manage.py tessera keys new.',
        ),
        "W012": ("{setting} has {name}, which is no key of its package.", "Did you mean {nearest}?"),
        "W013": ("{setting} cannot be honoured in {names}: {reason}.", "{instead}"),
        "W014": (
            "{app} is installed too: {reach} reaches its tokens only, and what is ended by it goes on working here.",
            "manage.py tessera adopt {package} takes its tokens over; then take it out of INSTALLED_APPS.",
        ),
        "W015": (
            "The key {id} is sealed under a pepper that is gone: what it has signed is refused.",
            'Put the pepper back into TESSERA["PEPPERS"], or let the key go: manage.py tessera keys retire {id} --now.',
        ),
    }
)
"""For each number, the message and the hint. E is an error, W a warning."""

_LEVELS = {"E": checks.Error, "W": checks.Warning}


def say(number: str, **told: object) -> checks.CheckMessage:
    """The message of that number, its gaps filled from `told`. No value of `TESSERA` goes in: it may be a secret."""
    sentence, cure = SENTENCES[number]
    return _LEVELS[number[0]](_filled(sentence, told), hint=_filled(cure, told), id=f"tessera.{number}")


def _filled(text: str, told: dict[str, object]) -> str:
    # Not str.format: the cures show dicts.
    for gap, value in told.items():
        text = text.replace(f"{{{gap}}}", str(value))
    return text
