"""What a crash report shows of an endpoint that takes or gives a credential."""

from types import FrameType
from typing import Any

from django.http import HttpRequest
from django.views.debug import SafeExceptionReporterFilter


class NoVariables(SafeExceptionReporterFilter):
    """Where it happened, and the value of no variable: a password passes through frames that are not ours to mark."""

    def get_traceback_frame_variables(self, request: HttpRequest | None, tb_frame: FrameType) -> Any:
        """The names alone."""
        return [(name, self.cleansed_substitute) for name in tb_frame.f_locals]
