"""What the site wrote, and what its code answers: anything at all, over which a check must not fall."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from django.utils.module_loading import import_string

from tessera import conf

T = TypeVar("T")


def attempt(act: Callable[[], T]) -> T | Exception:
    """What `act` answers, or what it raises."""
    try:
        return act()
    except Exception as error:  # noqa: BLE001 - the site's own code may raise anything
        return error


def imported(path: object) -> Any:
    """What stands at a dotted path; `None` where nothing can be imported from there."""
    found = attempt(lambda: import_string(path)) if isinstance(path, str) else None
    return None if isinstance(found, Exception) else found


def tessera() -> Mapping[str, Any]:
    """Every setting as the site wrote it, or its default. All defaults where `TESSERA` is no dict."""
    written = conf.raw()
    defaults = conf.Settings()
    return {
        **{name: getattr(defaults, name) for name in conf.NAMES},
        **(written if isinstance(written, Mapping) else {}),
    }


def rest_framework() -> Mapping[str, Any]:
    """`REST_FRAMEWORK` as the site wrote it. Where it is no dict, REST framework itself says so."""
    written = conf.raw("REST_FRAMEWORK")
    return written if isinstance(written, Mapping) else {}
