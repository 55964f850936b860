"""What others are asked or told, written down: receivers of a signal, a back end and a hasher for a site's settings."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import pytest
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core.exceptions import PermissionDenied
from django.dispatch import Signal
from django.http import HttpRequest


@contextmanager
def listening(signal: Signal) -> Iterator[list[tuple[Any, dict[str, Any]]]]:
    """What is told meanwhile, and by whom."""
    told: list[tuple[Any, dict[str, Any]]] = []

    def receiver(sender: Any, signal: Signal, **what: Any) -> None:
        told.append((sender, what))

    signal.connect(receiver)
    try:
        yield told
    finally:
        signal.disconnect(receiver)


def audited(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The lines of the audit log."""
    return [message for logger, _, message in caplog.record_tuples if logger == "tessera.audit"]


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
