"""Reading a site's settings and calling its code, where either may be wrong: a check must not crash on it."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from django.utils.module_loading import import_string

from tessera import conf

T = TypeVar("T")


def attempt(act: Callable[[], T]) -> T | Exception:
    """Call `act`, and return what it returns or the exception that it raises."""
    try:
        return act()
    except Exception as error:  # noqa: BLE001 - the site's own code may raise anything
        return error


def imported(path: object) -> Any:
    """The object at a dotted path, or `None` if it cannot be imported."""
    found = attempt(lambda: import_string(path)) if isinstance(path, str) else None
    return None if isinstance(found, Exception) else found


def has_base(value: object, names: Iterable[str]) -> bool:
    """Whether it is a class of one of these names, or a subclass of it: the class itself need not be loaded."""
    return isinstance(value, type) and any(f"{base.__module__}.{base.__qualname__}" in names for base in value.__mro__)


def tessera() -> Mapping[str, Any]:
    """Every setting as the site wrote it, or its default. If `TESSERA` is not a dict, all are defaults."""
    written = conf.raw()
    defaults = conf.Settings()
    return {
        **{name: getattr(defaults, name) for name in conf.NAMES},
        **(written if isinstance(written, Mapping) else {}),
    }


def rest_framework() -> Mapping[str, Any]:
    """`REST_FRAMEWORK` as the site wrote it. If it is not a dict, REST framework itself says so."""
    written = conf.raw("REST_FRAMEWORK")
    return written if isinstance(written, Mapping) else {}
