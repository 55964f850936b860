"""Reading the body of a request that anybody may have sent."""

from collections.abc import Mapping
from typing import IO, Any

from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import ParseError, UnsupportedMediaType
from rest_framework.parsers import JSONParser
from rest_framework.request import Request

LONGEST = 65_536
"""The longest body, in bytes, that is read. The longest name and password fit in, even with every letter escaped."""

CHARSETS = frozenset({"utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "latin-1"})
"""The charsets that clients use. Python knows a hundred more, and decodes some of them slowly."""


class FlatJSONParser(JSONParser):
    """Answers 400 to JSON that is nested too deeply for Python, where the parser of REST framework would crash."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """As REST framework's."""
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError as error:
            raise ParseError(_("JSON parse error - nested too deeply")) from error


def refuse_a_long_body(request: Request) -> None:
    """Refuse a long body before any of it is read: a file in a form would be written to the disk.

    Raises:
        ParseError: it is longer than `LONGEST`.
    """
    try:
        length = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return  # REST framework reads nothing of it, whatever the server let through.
    if length > LONGEST:
        raise ParseError(_("The body is too long."))


def refuse_a_strange_charset(request: Request) -> None:
    """Refuse an unusual charset before anything is decoded.

    Raises:
        UnsupportedMediaType: the body says to be written in none of `CHARSETS`.
    """
    if (request._request.content_params or {}).get("charset", "utf-8").lower() not in CHARSETS:
        raise UnsupportedMediaType(request.content_type)
