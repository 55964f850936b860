"""What a refusal takes, however it is answered."""

from django.http import HttpRequest

from tessera import clock
from tessera.engine.noise import Costly, note_refusal
from tessera.errors import TesseraError, TooMany
from tessera.web.origin import address_of


def counted(error: TesseraError, request: HttpRequest) -> TesseraError:
    """`error`, or what takes its place if that credential was refused too often."""
    if isinstance(error, Costly):
        try:
            note_refusal(error, address_of(request), clock.now())
        except TooMany as too_many:
            return too_many
    return error
