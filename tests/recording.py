"""What Django's authentication is asked to do, written down: a back end and a hasher for a site's settings."""

from typing import Any, ClassVar

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest


class CountingHasher(MD5PasswordHasher):
    """MD5, which is fast, counting how often it hashes."""

    algorithm = "counting"
    passwords: ClassVar[list[str]] = []

    def encode(self, password: str, salt: str) -> str:
        self.passwords.append(password)
        return super().encode(password, salt)


class RecordingBackend(ModelBackend):
    """Django's own, writing down what it was asked."""

    asked: ClassVar[list[tuple[HttpRequest | None, dict[str, Any]]]] = []

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> Any:  # type: ignore[override]
        self.asked.append((request, credentials))
        return super().authenticate(request, **credentials)


class ForbiddingBackend(RecordingBackend):
    """A directory that says: not this one, and ask nobody else."""

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> Any:  # type: ignore[override]
        self.asked.append((request, credentials))
        raise PermissionDenied


class DeafBackend(ModelBackend):
    """A back end that knows nobody, whatever the stored password."""

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> None:  # type: ignore[override]
        return None
