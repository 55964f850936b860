"""Reading a body that a stranger sent."""

from collections.abc import Mapping
from typing import IO, Any

from rest_framework.exceptions import ParseError, UnsupportedMediaType
from rest_framework.parsers import JSONParser
from rest_framework.request import Request

LONGEST = 65_536
"""The longest body, in bytes, that is read: the longest name and password fit in, each letter escaped."""

CHARSETS = frozenset({"utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "latin-1"})
"""Those that clients write in. Python knows a hundred more, and decodes some of them slowly."""


class FlatJSONParser(JSONParser):
    """JSON as deep as Python reads it; what is deeper is the client's mistake, and no crash of ours."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """As REST framework's."""
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError as error:
            raise ParseError("JSON parse error - nested too deeply") from error


def refuse_a_long_body(request: Request) -> None:
    """Before anything of it is read: a file in a form would be spooled to the disk.

    Raises:
        ParseError: it is longer than `LONGEST`.
    """
    try:
        length = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return  # REST framework reads nothing of it, whatever the server let through.
    if length > LONGEST:
        raise ParseError("The body is too long.")


def refuse_a_strange_charset(request: Request) -> None:
    """Before anything is decoded.

    Raises:
        UnsupportedMediaType: the body says to be written in none of `CHARSETS`.
    """
    if (request._request.content_params or {}).get("charset", "utf-8").lower() not in CHARSETS:
        raise UnsupportedMediaType(request.content_type)
