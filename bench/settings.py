"""The site that is measured: every candidate installed, no middleware, connections kept, all else as by default."""

from datetime import timedelta
from typing import Any

from bench.candidates import CANDIDATES
from tests.settings import DATABASES as OF_THE_TESTS

DEBUG = False
DATABASES = {"default": {**OF_THE_TESTS["default"], "CONN_MAX_AGE": None}}
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "rest_framework",
    *dict.fromkeys(app for candidate in CANDIDATES.values() for app in candidate.apps),
]
MIDDLEWARE: list[str] = []
ALLOWED_HOSTS = ["testserver"]
ROOT_URLCONF = "bench.site"
USE_TZ = True
SECRET_KEY = "only ever used by the bench, and long enough for every check of Django"
# The cheapest, so that a log-in shows what the token adds to it.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
TESSERA: dict[str, Any] = {
    "PEPPERS": ["5f0c7a91d2e84b36a1f97c0de45b8832604d1ae97bf35c28e0946d71b3fa85ce"],
    "ACCESS_FORMAT": "jwt",  # Of the native dialect alone. Only the candidates that are called so log in by that.
    "JWT_KEYS": [
        '{"kty": "OKP", "crv": "Ed25519", "x": "qdCRvHE1SGc3HAs5UELnMzSm2KD9k9rBvy6YQ2Ep0u4",'
        ' "d": "yUt8TE6emRz2nOaGoLE5St18IjX_d_4N0-fK56oZqwE"}',
        '{"kty": "oct", "k": "ORwPOdg04X6HWFwKG2GDdbJePGH_MtuOguYfa9XBL20"}',
    ],
}
# Nobody's token is to expire while it is measured.
SIMPLE_JWT: dict[str, Any] = {"ACCESS_TOKEN_LIFETIME": timedelta(days=1)}
