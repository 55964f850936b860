"""What would give a secret away where somebody reads a text: the secret itself, a piece of it, or a disguise."""

import base64
import hashlib
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from html import unescape
from typing import Any
from unittest.mock import patch
from uuid import UUID

from django.utils.log import AdminEmailHandler
from django.views.debug import ExceptionReporter

from tessera.engine.keyring import keyring
from tessera.format.opaque import Purpose, expression, mint

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
PIECE = 8
"""So many letters in a row of a secret's 43 are found nowhere by chance."""


def traces(text: str | bytes, *secrets: str) -> set[str]:
    """What `text` tells of `secrets`, in words. Bytes are looked through as latin-1, letter for byte."""
    text = text.decode("latin-1") if isinstance(text, bytes) else text
    found = {"something of a token's shape"} if re.search(expression(["tsr"]), text) else set()
    for secret in secrets:
        found |= {name for name, disguise in _disguises(secret) if disguise in text}
    return found


@cache
def _disguises(secret: str) -> list[tuple[str, str]]:
    plain = secret.encode()
    disguises = [("the secret", secret), *_encoded("the secret", plain)]
    for algorithm in ("md5", "sha1", "sha256", "sha512"):
        disguises += _encoded(algorithm, hashlib.new(algorithm, plain).digest())
    if re.fullmatch(expression(["tsr"]), secret):
        letters, tag = secret[-59:-16], secret[-16:]  # Before them stands an id, which is no secret.
        chance = sum(ALPHABET.index(letter) * 62**place for place, letter in enumerate(reversed(letters))).to_bytes(32)
        disguises += [("its tag", tag), *_encoded("its chance", chance)]
        # A report breaks a long value into lines, so a piece has to do here as well.
        disguises += [("its chance", repr(chance[start : start + PIECE])[2:-1]) for start in range(0, 25, 4)]
        disguises += [("a piece", letters[start : start + PIECE]) for start in range(len(letters) - PIECE + 1)]
    return disguises


def _encoded(name: str, value: bytes) -> list[tuple[str, str]]:
    encoded = [(f"{name} as bytes", value.decode("latin-1")), (f"{name} in hex", value.hex())]
    for start in range(3):
        # Inside a longer text, base64 may begin in any of three places; the letters at the rims differ then.
        code = base64.b64encode(bytes(start) + value).rstrip(b"=").decode()[4 if start else 0 : -1]
        encoded += [(f"{name} in base64", code), (f"{name} in base64", code.translate({43: "-", 47: "_"}))]
    return encoded


def rows(connection: Any) -> list[tuple[str, Any]]:
    """Every value of every column of every table, with its place."""
    with connection.cursor() as cursor:
        values = []
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            columns = [column[0] for column in cursor.description]
            values += [
                (f"{table}.{column}", value) for row in cursor for column, value in zip(columns, row, strict=True)
            ]
    return [(place, bytes(value) if isinstance(value, memoryview) else value) for place, value in values]


@contextmanager
def dice() -> Iterator[Callable[[], list[str]]]:
    """What chance was drawn meanwhile, as the secrets that it could have become."""
    drawn: list[bytes] = []

    def token_bytes(size: int) -> bytes:
        drawn.append(os.urandom(size))
        return drawn[-1]

    keys = keyring()[0]
    with patch("secrets.token_bytes", token_bytes):
        yield lambda: [
            mint("tsr", Purpose.ACCESS, UUID(int=0), chance, keys)[0] for chance in drawn if len(chance) == 32
        ]


class Letters(AdminEmailHandler):
    """Django's letters to the admins, pages enclosed, kept instead of sent."""

    def __init__(self) -> None:
        super().__init__(include_html=True)
        self.sent: list[str] = []

    def send_mail(self, subject: Any, message: Any, *args: Any, **kwargs: Any) -> None:
        self.sent.append(f"{subject}\n{message}\n{unescape(kwargs.get('html_message') or '')}")


def report_of(crash: Callable[[], object]) -> str:
    """What Django reports of a `RuntimeError`, as a page and as a text, where DEBUG is off."""
    try:
        crash()
    except RuntimeError:
        reporter = ExceptionReporter(None, *sys.exc_info())
        return unescape(reporter.get_traceback_html()) + reporter.get_traceback_text()
    raise AssertionError("It did not crash.")
