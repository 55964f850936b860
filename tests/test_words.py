"""Whatever somebody reads is marked for translation."""

import pytest

from tests.marking import MODULES, PAGES, unmarked, unmarked_in_page, untranslated

DOORS = [name for name in MODULES if name.startswith(("admin", "dialects", "drf", "plain", "web"))]

IN_ENGLISH = {
    "checks/": "for whoever runs the site",
    "management/": "at a terminal",
    "migrations/": "as the models were; theirs are shown",
    "schema/": "the description for whoever writes a client",
}
"""Where nothing is translated, and for whom it is."""

LEFT = {
    ("dialects/knox/views.py", "gettext(_UNKNOWN)"): "REST framework's own, and it has it in its catalogs",
    ("dialects/native/bodies.py", "help_text="): "of the same description",
    ("engine/rows/foreign.py", "verbose_name="): "a word of another package's, to be looked for",
    ("receivers.py", 'label="first"'): "stored in the row, which has no language",
    ("web/words.py", "translation.gettext(sentence)"): "any sentence, and each is marked where it is written",
}
"""Lines that have this are left in English as well, and why."""


def is_left(name, line):
    return any(name == where and what in MODULES[name].splitlines()[line - 1] for where, what in LEFT)


@pytest.mark.parametrize("name", [name for name in MODULES if not name.startswith(tuple(IN_ENGLISH))])
def test_whatever_somebody_reads_is_marked(name):
    found = [f"{name}:{line}: {text}" for line, text in unmarked(MODULES[name]) if not is_left(name, line)]

    assert found == []


@pytest.mark.parametrize("name", DOORS)
def test_whoever_shows_an_error_translates_it(name):
    assert [f"{name}:{line}: {text}" for line, text in untranslated(MODULES[name])] == []


@pytest.mark.parametrize("name", PAGES)
def test_whatever_a_page_says_is_marked(name):
    assert [f"{name}:{line}: {text}" for line, text in unmarked_in_page(PAGES[name])] == []


@pytest.mark.parametrize(
    "source",
    [
        pytest.param('raise NotAllowed("No more.")', id="an error of ours"),
        pytest.param('raise errors.InvalidAsk(f"No {kind}.")', id="put together"),
        pytest.param('raise MalformedHeader("No " + "spaces.")', id="joined"),
        pytest.param('raise NotAllowed("No %s." % kind)', id="filled in"),
        pytest.param('raise NotAllowed("No {}.".format(kind))', id="formatted"),
        pytest.param('raise ParseError("Too long.")', id="an error of REST framework's"),
        pytest.param('raise serializers.ValidationError({"email": "Not both."}, code="invalid")', id="of one field"),
        pytest.param('raise ValidationError(_("Yes.") if it else "No.")', id="one of two"),
        pytest.param('raise NotFound(detail="Not here.")', id="by its name"),
        pytest.param('name = CharField(label="Name")', id="a label"),
        pytest.param('name = CharField("name", max_length=4)', id="the name of a column"),
        pytest.param("class A(APIException):\n    default_detail = 'Said.'", id="a default"),
        pytest.param("class A(Permission):\n    message: str = 'Said.'", id="what a permission says"),
        pytest.param("class Kind(models.TextChoices):\n    A = 'a', 'first'", id="a choice"),
        pytest.param('self.message_user(request, "Done.")', id="what the admin says"),
        pytest.param('form.add_error("name", "No.")', id="what a form says"),
        pytest.param('return HttpResponse("Done.")', id="an answer"),
        pytest.param('answer({"detail": "Said.", "code": "said"})', id="in a body"),
        pytest.param('@admin.action(description="End them")\ndef end(self): ...', id="an action"),
        pytest.param('gettext(f"No {kind}.")', id="put together before it is looked up"),
        pytest.param('_("No %s." % kind)', id="filled in before"),
    ],
)
def test_a_text_that_is_not_marked_is_found(source):
    assert list(unmarked(source)) != []


@pytest.mark.parametrize(
    "source",
    [
        'raise NotAllowed(_("No %(kind)s."), kind=kind)',
        'raise Unknown("row")',
        'raise StoreDown("cache")',
        'raise TypeError("It takes an Ask.")',
        'raise ValidationError(_("No."), code="invalid")',
        'ngettext("%(count)d token", "%(count)d tokens", count) % {"count": count}',
        'update(label="")',
        'answer({"detail": told, "code": "said"})',
    ],
)
def test_what_is_marked_or_for_nobody_is_not_found(source):
    assert list(unmarked(source)) == []


@pytest.mark.parametrize(
    ("page", "line"),
    [
        ("<p>\nHello</p>", 2),
        ('{% translate "Hello" %}\n<p>{{ name }}, hello</p>', 2),
        ("{% blocktranslate %}Hello\n{% endblocktranslate %}\nyou", 3),
        ('<input placeholder="Name">', 1),
    ],
)
def test_a_text_of_a_page_that_is_not_marked_is_found(page, line):
    assert [number for number, _ in unmarked_in_page(page)] == [line]


def test_an_error_that_is_shown_in_english_is_found():
    shown = ["problem(error).detail", "problem(error, gettext)", "error.in_words()", "problem(error).code"]

    assert sorted(line for line, _ in untranslated("\n".join(shown))) == [1, 3]
