"""A small site on the database that `TEST_DB` names: `postgres`, `sqlite` or `mariadb`."""

import os
import tempfile
from pathlib import Path
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

# One keyspace for each worker of xdist: a test that clears its cache must not clear its neighbour's.
WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))


def sqlite(folder: Path) -> dict[str, object]:
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": folder / "tessera.sqlite3",
        # Threads wait for each other's writes, and no test needs to survive a power cut.
        "OPTIONS": {"timeout": 20, "init_command": "PRAGMA synchronous = OFF"},
        # A file, because a database in memory is locked as a whole table by table when threads share it.
        "TEST": {"NAME": folder / "test_tessera.sqlite3"},
    }


def postgres(url: SplitResult) -> dict[str, object]:
    return {"ENGINE": "django.db.backends.postgresql", **served(url, "postgres")}


def mariadb(url: SplitResult) -> dict[str, object]:
    import pymysql  # type: ignore[import-untyped]

    # Sites use mysqlclient, which comes without a wheel for Linux: this one installs without a compiler.
    pymysql.install_as_MySQLdb()
    return {"ENGINE": "django.db.backends.mysql", **served(url, "")}


def served(url: SplitResult, name: str) -> dict[str, object]:
    return {
        "NAME": url.path.removeprefix("/") or name,
        "USER": unquote(url.username or ""),
        "PASSWORD": unquote(url.password or ""),
        "HOST": parse_qs(url.query).get("host", [url.hostname or ""])[0],
        "PORT": url.port or "",
        "TEST": {"NAME": "test_tessera"},
    }


CHOICES = {
    "postgres": lambda: postgres(urlsplit(os.environ.get("TEST_POSTGRES_URL", ""))),
    "sqlite": lambda: sqlite(Path(os.environ.get("TEST_FOLDER", tempfile.gettempdir()))),
    "mariadb": lambda: mariadb(urlsplit(os.environ.get("TEST_MARIADB_URL", ""))),
}
DATABASES = {"default": CHOICES[os.environ.get("TEST_DB", "postgres")]()}

LOCMEM = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
CACHES = {
    # Only on Windows does the plugin leave the URL unset; tests/test_services.py holds it to that.
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": f"{os.environ['TEST_REDIS_URL']}?db={WORKER}",
    }
    if "TEST_REDIS_URL" in os.environ
    else LOCMEM,
    "locmem": LOCMEM,
}

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.admin",
    "rest_framework",
    "drf_spectacular",
    "tessera",
    "example",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
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
# From Django 6.1 on it has to be told; before, nobody reads it. Where tests run, letters stay in memory.
MAILERS = {"default": {"BACKEND": "django.core.mail.backends.smtp.EmailBackend"}}
ROOT_URLCONF = "tests.urls"
STATIC_URL = "static/"
USE_TZ = True
SECRET_KEY = "only ever used by the tests, and long enough for every check of Django"
# A real hasher takes a quarter of a second, and hundreds of tests sign in.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
REST_FRAMEWORK = {"DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema"}
TESSERA = {"PEPPERS": ["5f0c7a91d2e84b36a1f97c0de45b8832604d1ae97bf35c28e0946d71b3fa85ce"]}
