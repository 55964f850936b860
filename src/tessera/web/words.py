"""Django's `gettext`, remembered.

A refusal says one of a few sentences. To look it up costs as much as to refuse what was not minted here.
"""

from functools import lru_cache

from django.core.signals import setting_changed
from django.utils import translation


def gettext(sentence: str) -> str:
    """The sentence in the language that is active."""
    return _in(translation.get_language(), sentence)


@lru_cache(maxsize=1024)
def _in(language: str | None, sentence: str) -> str:  # noqa: ARG001 - it is the active one, and tells two apart
    return translation.gettext(sentence)


def _changed(*, setting: str, **_: object) -> None:
    if setting in {"LANGUAGE_CODE", "LANGUAGES", "LOCALE_PATHS", "USE_I18N", "INSTALLED_APPS"}:
        _in.cache_clear()


setting_changed.connect(_changed, dispatch_uid="tessera.web.words")
