"""Every language has what is marked, and Django reads what its translators wrote."""

import re
from collections import Counter

import pytest

from tests import catalogs
from tests.marking import MODULES, PAGES, marked, marked_in_page

PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%[a-z]")


def test_three_languages_are_spoken_at_least():
    assert {"de", "es"} <= set(catalogs.LANGUAGES)


@pytest.mark.parametrize("language", catalogs.LANGUAGES)
def test_a_language_has_every_text_once_and_none_that_is_gone(language):
    ours = {text for name in MODULES for text in marked(MODULES[name])}
    ours |= {text for name in PAGES for text in marked_in_page(PAGES[name])}

    theirs = Counter(entry.text for entry in catalogs.source(language)[1:])

    assert theirs == Counter(ours)


@pytest.mark.parametrize("language", catalogs.LANGUAGES)
def test_no_translation_is_missing_or_a_guess(language):
    entries = catalogs.source(language)

    assert [entry.text for entry in entries if entry.is_fuzzy or not all(entry.words)] == []


@pytest.mark.parametrize("language", catalogs.LANGUAGES)
def test_a_translation_has_the_parts_of_its_text(language):
    def parts(texts):
        return {tuple(sorted(PLACEHOLDER.findall(text))) for text in texts}

    assert [entry.text for entry in catalogs.source(language) if parts(entry.text) != parts(entry.words)] == []


@pytest.mark.parametrize("language", catalogs.LANGUAGES)
def test_what_django_reads_is_what_the_translators_wrote(language):
    """If not: `django-admin compilemessages`, in `src/tessera`."""
    written: dict[str | tuple[str, int], str] = {}
    for entry in catalogs.source(language)[1:]:
        written |= catalogs.in_compiled_form(entry)

    assert catalogs.compiled(language) == written
