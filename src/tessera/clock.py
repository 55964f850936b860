"""The one place that asks for the time."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

_system = partial(datetime.now, UTC)

_source: Callable[[], datetime] = _system


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return _source()


def set_source(source: Callable[[], datetime] | None) -> None:
    """Ask `source` instead of the system, or the system again for `None`. For tests: see `tessera.testing.Clock`."""
    global _source  # noqa: PLW0603 - one process has one clock
    _source = source or _system
