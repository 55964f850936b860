"""Settings to read and to copy from. What tessera needs is marked `# tessera`: four lines.

Without an environment this is a playground: DEBUG, SQLite, a secret that everybody knows. With DJANGO_SECRET_KEY it is
a deployment, and takes the rest from the environment too:

    DJANGO_SECRET_KEY       signs sessions
    DJANGO_ALLOWED_HOSTS    the names that it is served under, with spaces between
    DJANGO_BASE_URL         where people reach it, as links in mails have it, such as https://albums.example
    TESSERA_PEPPER          keys the tokens; `manage.py tessera pepper` makes one
    REDIS_URL               where log-in attempts are counted, for all processes together
"""

import os
from pathlib import Path
from typing import Any

import django

ROOT = Path(__file__).resolve().parent.parent

DEBUG = "DJANGO_SECRET_KEY" not in os.environ
SECRET_KEY = os.environ.get(
    "DJANGO_SECRET_KEY", "known to everybody who has read this file, so for the playground only"
)
ALLOWED_HOSTS = os.environ.get("DJANGO_ALLOWED_HOSTS", "").split()  # Empty and with DEBUG: this machine.

# The services

# SQLite, in a file of one's own. PostgreSQL where TESSERA_EXAMPLE_POSTGRES names a database; its host, user and
# password are then told as psql is told them: PGHOST, PGUSER, PGPASSWORD, …
SQLITE = {
    "ENGINE": "django.db.backends.sqlite3",
    "NAME": os.environ.get("TESSERA_EXAMPLE_DB", ROOT / "example.sqlite3"),
    "OPTIONS": {
        # Readers and one writer at a time, instead of one of either; and a writer waits for another from its first
        # statement on, instead of failing half-way.
        "init_command": "PRAGMA journal_mode = WAL",
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
    },
}
POSTGRES = {
    "ENGINE": "django.db.backends.postgresql",
    "NAME": os.environ.get("TESSERA_EXAMPLE_POSTGRES", ""),
    # Seconds. A server that hangs must not hang every thread of this one: what is late is a 503.
    "OPTIONS": {"connect_timeout": 5},
}
DATABASES = {"default": POSTGRES if POSTGRES["NAME"] else SQLITE}

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": os.environ["REDIS_URL"],
        "OPTIONS": {"socket_timeout": 2},
    }
    if "REDIS_URL" in os.environ
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
}

# The application

INSTALLED_APPS = [
    "example",
    "tessera",  # tessera
    "rest_framework",
    "drf_spectacular",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]

TESSERA: dict[str, Any] = {  # tessera
    # Apart from SECRET_KEY, so that either can be changed without the other.
    "PEPPERS": [os.environ["TESSERA_PEPPER"]] if "TESSERA_PEPPER" in os.environ else [],
    # What a token may be good for. Everybody may look, so no view asks for a word to read: a client that wants no more
    # than those cannot do any harm.
    "SCOPES": {
        "albums:read": "See albums",
        "albums:write": "Add, change and delete your albums",
        "tracks:read": "See tracks",
        "tracks:write": "Add, change and delete your tracks",
    },
    # Whoever is added, and has an e-mail address, is sent a link to a token. A link begins with an address of ours, and
    # not with the Host of a request, which whoever sends it can choose.
    "LETTER_FOR_NEW_USERS": "tessera.plain.letters.mail",
    "BASE_URL": os.environ.get("DJANGO_BASE_URL") or ("http://127.0.0.1:8000" if DEBUG else None),
    # For the page at /app/. Whatever is no browser does as well without.
    "COOKIES": True,
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        # The first one writes the `WWW-Authenticate` of a 401; without one it would be a 403.
        "tessera.drf.TokenAuthentication",  # tessera
        # After it, for the browsable API: a person with a browser, who logged in by a form.
        "rest_framework.authentication.SessionAuthentication",
    ],
    # Left out, this would be AllowAny: a service without a lock on any door.
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticatedOrReadOnly"],
    "DEFAULT_PARSER_CLASSES": [
        # REST framework's own crashes on JSON that is nested too deeply for Python.
        "tessera.drf.parsers.FlatJSONParser",
        "rest_framework.parsers.FormParser",
        "rest_framework.parsers.MultiPartParser",
    ],
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.PageNumberPagination",
    "PAGE_SIZE": 5,
    # Log-ins are counted by address. A deployment has one proxy in front, which tells the client's.
    "NUM_PROXIES": 0 if DEBUG else 1,
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Albums and tracks",
    "DESCRIPTION": "Everybody may read; who has a token may add, and change or delete what is theirs.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    # What goes in is not what comes out: nobody sends an `owner`, and a name that is sent is not blank.
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": ["drf_spectacular.hooks.postprocess_schema_enums", "example.schema.add_refusals"],
}

# The rest is Django's own

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "example.urls"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
STATIC_URL = "static/"
USE_TZ = True
TIME_ZONE = "UTC"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "loggers": {
        # Every 4xx would be a line. They are the clients' affair.
        "django.request": {"level": "ERROR"},
        # Django leaves it to the server to drop the body of a HEAD, and this one says each time that it did.
        "gunicorn.http.wsgi": {"level": "ERROR"},
    },
}

# Mail is shown where the playground runs, and sent by a deployment.
MAIL = f"django.core.mail.backends.{'console' if DEBUG else 'smtp'}.EmailBackend"
if django.VERSION < (6, 1):
    EMAIL_BACKEND = MAIL
else:
    MAILERS = {"default": {"BACKEND": MAIL}}

# A token in clear text over the wire is everybody's token.
SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not DEBUG
# Whatever stands in front says so by this header, and must drop what a client sends under its name.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if not DEBUG else None
SECURE_HSTS_SECONDS = 0 if DEBUG else 365 * 24 * 60 * 60
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = not DEBUG
