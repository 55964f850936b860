"""The example where each request is a transaction, which a 4xx rolls back."""

from example.settings import *  # noqa: F403
from example.settings import DATABASES

DATABASES["default"]["ATOMIC_REQUESTS"] = True  # type: ignore[assignment]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
