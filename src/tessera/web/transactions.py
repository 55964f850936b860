"""Views and the transactions of a site."""

from collections.abc import Callable
from typing import Any

from django.db import connections, transaction


def outside(view: Callable[..., Any]) -> Callable[..., Any]:
    """The view, outside `ATOMIC_REQUESTS`: the verbs own their writes, and a 4xx must not undo a revocation."""
    for alias in connections:
        view = transaction.non_atomic_requests(using=alias)(view)
    return view
