"""A token made in the admin: told once, to whoever may have it."""

from datetime import timedelta
from html import unescape

import pytest
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.contrib.contenttypes.models import ContentType
from django.db import DatabaseError, OperationalError, connection
from django.test import Client

from tessera import Purpose, verify
from tessera.engine.rows.storage import quoted
from tessera.models import Grant
from tests.admin import ADD, SECRET, TOKENS, asked, root, staff


def errors(answer) -> list[str]:
    """What the page says is wrong."""
    form = answer.context["adminform"].form
    return [message for messages in form.errors.values() for message in messages]


def everything_stored() -> str:
    """Every value of every column of every table."""
    rows = [row for model in apps.get_models() for row in model._base_manager.values_list()]
    return "\n".join(str(bytes(value) if isinstance(value, memoryview) else value) for row in rows for value in row)


def test_the_secret_is_told_in_the_answer_to_the_form(scopes, user):
    answer = root().post(ADD, asked(user, label="laptop", scope=["tracks:read", "tracks:write"], lifetime="30"))

    [secret] = SECRET.findall(answer.text)
    principal = verify(secret, accept={Purpose.PERSONAL})
    assert answer.status_code == 200
    assert (principal.subject, principal.scope) == (user, frozenset({"tracks:read", "tracks:write"}))
    assert Grant.objects.get().label == "laptop"


def test_the_scopes_of_the_site_are_ticked_until_somebody_unticks_them(scopes, user):
    page = root().get(ADD).context["adminform"].form["scope"]

    ticked = {str(box.choice_label): box.data["selected"] for box in page.subwidgets}
    assert ticked == {
        "See your tracks (tracks:read)": True,
        "Change your tracks (tracks:write)": True,
        "See, make and end your tokens (tokens)": True,
    }


def test_a_token_for_which_none_is_ticked_is_good_for_nothing(scopes, user):
    [secret] = SECRET.findall(root().post(ADD, asked(user)).text)

    assert verify(secret, accept={Purpose.PERSONAL}).scope == frozenset()


def test_a_scope_that_is_not_offered_is_refused(scopes, user):
    answer = root().post(ADD, asked(user, scope=["tracks:read", "all"]))

    assert errors(answer) == ["Select a valid choice. all is not one of the available choices."]
    assert not Grant.objects.exists()


def test_a_site_without_scopes_is_not_asked_for_any(user):
    client = root()

    page, answer = client.get(ADD), client.post(ADD, asked(user))

    assert "scope" not in [field for fields in page.context["adminform"] for line in fields for field in line.fields]
    assert 'name="scope"' not in page.text
    assert len(SECRET.findall(answer.text)) == 1


def test_that_answer_is_kept_nowhere(user):
    answer = root().post(ADD, asked(user))

    assert "no-store" in answer["Cache-Control"]
    assert answer["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("storage", ["session.SessionStorage", "cookie.CookieStorage", "fallback.FallbackStorage"])
@pytest.mark.django_db
def test_the_secret_comes_to_lie_in_no_cookie_and_no_table(settings, user, storage):
    settings.MESSAGE_STORAGE = f"django.contrib.messages.storage.{storage}"
    client = root()

    answer = client.post(ADD, asked(user))

    [secret] = SECRET.findall(answer.text)
    cookies = "\n".join(cookie.OutputString() for cookie in client.cookies.values())
    assert secret[37:] not in everything_stored() + cookies
    assert "messages" not in client.cookies
    assert "_messages" not in client.session


def test_the_secret_is_never_told_again(user):
    client = root()
    client.post(ADD, asked(user))
    token = Grant.objects.get()

    pages = [client.get(page).text for page in (TOKENS, f"{TOKENS}{token.pk}/change/", "/admin/")]

    assert all(token.hint in page for page in pages)
    assert not SECRET.search("".join(pages))


def test_the_log_knows_the_token_by_its_hint(user):
    root().post(ADD, asked(user, label="laptop"))

    entry = LogEntry.objects.get()
    assert (entry.object_repr, entry.get_change_message()) == (Grant.objects.get().hint, "Added.")


def test_sending_the_form_twice_makes_two_tokens_and_the_page_says_so(user):
    client = root()

    pages = [client.post(ADD, asked(user)).text for _ in range(2)]

    assert len({secret for page in pages for secret in SECRET.findall(page)}) == 2
    assert "make another token" in pages[0]


def test_the_page_runs_no_script_of_its_own(user):
    page = root().post(ADD, asked(user)).text

    assert [tag for tag in page.split("<script")[1:] if not tag.startswith(' src="')] == []
    assert " onclick" not in page


@pytest.mark.parametrize(
    ("chosen", "lives"),
    [
        pytest.param("", timedelta(days=42), id="as the site has it"),
        pytest.param("1", timedelta(days=1), id="a day"),
        pytest.param("365", timedelta(days=365), id="a year"),
        pytest.param("never", None, id="never, spelled out"),
    ],
)
def test_a_token_ends_when_the_form_says(settings, clock, user, chosen, lives):
    settings.TESSERA = {**settings.TESSERA, "TOKEN_LIFETIME": timedelta(days=42)}

    root().post(ADD, asked(user, lifetime=chosen))

    assert Grant.objects.get().ends_at == (lives and clock() + lives)


@pytest.mark.parametrize(
    ("lifetime", "said"),
    [
        pytest.param(timedelta(days=42), "42 days, as the site has it", id="days"),
        pytest.param(timedelta(hours=36), "1 day, 12:00:00, as the site has it", id="hours"),
        pytest.param("never", "without an end, as the site has it", id="never"),
    ],
)
@pytest.mark.django_db
def test_the_site_s_lifetime_is_preselected(settings, lifetime, said):
    settings.TESSERA = {**settings.TESSERA, "TOKEN_LIFETIME": lifetime}

    form = root().get(ADD).context["adminform"].form

    assert form["lifetime"].subwidgets[0].choice_label == said
    assert not form["lifetime"].value()


def test_a_user_is_not_chosen_from_a_list(user):
    page = root().get(ADD).text

    assert "vForeignKeyRawIdAdminField" in page
    assert user.username not in page


@pytest.mark.django_db
def test_a_machine_needs_no_user():
    answer = root().post(ADD, asked(None, kind="machine"))

    [secret] = SECRET.findall(answer.text)
    assert verify(secret, accept={Purpose.ACCESS}).subject is None


@pytest.mark.parametrize(
    ("given", "said"),
    [
        pytest.param({"subject": ""}, "Only a machine token can do without a user.", id="nobody"),
        pytest.param(
            {"label": "x" * 101}, "Ensure this value has at most 100 characters (it has 101).", id="long name"
        ),
        pytest.param({"label": "a\x00b"}, "Null characters are not allowed.", id="nul in the name"),
        pytest.param(
            {"kind": "sign-in"},
            "Select a valid choice. sign-in is not one of the available choices.",
            id="a kind that only signing in makes",
        ),
        pytest.param(
            {"lifetime": "9999999999"},
            "Select a valid choice. 9999999999 is not one of the available choices.",
            id="a lifetime that is not offered",
        ),
        pytest.param(
            {"subject": "9" * 30},
            "Select a valid choice. That choice is not one of the available choices.",
            id="a key beyond every integer",
        ),
        pytest.param(
            {"subject": "ada"},
            "Select a valid choice. That choice is not one of the available choices.",
            id="a name for a key",
        ),
    ],
)
def test_a_form_that_makes_no_sense_says_so(user, given, said):
    answer = root().post(ADD, asked(user, **given))

    assert (answer.status_code, errors(answer)) == (200, [said])
    assert not Grant.objects.exists()


def test_an_inactive_user_gets_no_token(user):
    user.is_active = False
    user.save()

    answer = root().post(ADD, asked(user))

    assert (answer.status_code, errors(answer)) == (200, ["The user is not active."])


def test_a_storage_that_does_not_answer_is_no_crash(user):
    client = root()
    ContentType.objects.clear_cache()  # As in a fresh process, the page makes queries of its own after the failure.

    def hang_up(execute, sql, params, many, context):
        if sql.startswith(f"INSERT INTO {quoted('tessera_grant')}"):
            # As a real failure does, this leaves the transaction of PostgreSQL unusable.
            with pytest.raises(DatabaseError, match="no_such_column"):
                execute("SELECT no_such_column", None, many, context)
            raise OperationalError("too long waited for a lock")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(hang_up):
        answer = client.post(ADD, asked(user))

    assert errors(answer) == ["The service is not available for the moment. Try again."]
    assert answer.status_code == 200


def test_a_crash_after_the_token_was_made_shows_no_secret_and_leaves_no_token(settings, user):
    settings.DEBUG = True
    client = root()
    client.raise_request_exception = False

    def break_the_log(execute, sql, params, many, context):
        if sql.startswith(f"INSERT INTO {quoted('django_admin_log')}"):
            raise DatabaseError("the log is full")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(break_the_log):
        answer = client.post(ADD, asked(user))

    assert (answer.status_code, "the log is full" in answer.text) == (500, True)
    assert not SECRET.search(answer.text)
    assert not Grant.objects.exists()


def test_a_name_is_shown_as_what_it_is(user):
    name = '<script>alert(1)</script>\u202e"'
    client = root()

    page = client.post(ADD, asked(user, label=name)).text

    [token] = Grant.objects.all()
    pages = [page, client.get(TOKENS).text, client.get(f"{TOKENS}{token.pk}/change/").text]
    assert token.label == name
    assert all("<script>alert" not in each and name in unescape(each) for each in pages)
    assert f"<bdi>{name}" in unescape(page)


@pytest.mark.parametrize("permission", ["view", "change", "delete"])
def test_only_who_may_add_tokens_adds_any(user, permission):
    client = staff(f"tessera.{permission}_grant")

    statuses = [client.get(ADD).status_code, client.post(ADD, asked(user)).status_code]

    assert statuses == [403, 403]
    assert not Grant.objects.exists()


def test_who_may_only_add_tokens_is_told_the_secret(user):
    answer = staff("tessera.add_grant").post(ADD, asked(user))

    assert (answer.status_code, len(SECRET.findall(answer.text))) == (200, 1)
    assert f'href="{TOKENS}"' not in answer.text


def clerk_named(name: str, *permissions: str) -> User:
    staff(*permissions, name=name)
    return User.objects.get(username=name)


@pytest.mark.parametrize(
    "subject",
    [
        pytest.param(lambda: User.objects.create_superuser("grace"), id="a superuser"),
        pytest.param(lambda: clerk_named("grace", "auth.delete_user"), id="a user with a permission more"),
    ],
)
@pytest.mark.django_db
def test_nobody_gains_power_by_a_token_that_he_makes(subject):
    client, grace = staff("tessera.add_grant"), subject()

    answer = client.post(ADD, asked(grace))

    assert (answer.status_code, errors(answer)) == (200, ["This user may do more than you."])
    assert not Grant.objects.exists()


@pytest.mark.django_db
def test_who_has_every_permission_is_still_no_superuser():
    User.objects.create_superuser("grace")
    every = [f"{each.content_type.app_label}.{each.codename}" for each in Permission.objects.all()]
    client = staff(*every)

    answer = client.post(ADD, asked(User.objects.get(username="grace")))

    assert errors(answer) == ["This user may do more than you."]
    assert not Grant.objects.exists()


@pytest.mark.django_db
def test_who_is_no_superuser_makes_tokens_for_machines():
    answer = staff("tessera.add_grant").post(ADD, asked(None, kind="machine"))

    assert len(SECRET.findall(answer.text)) == 1


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        pytest.param(["tessera.add_grant", "auth.delete_user"], ["auth.delete_user"], id="who may do less"),
        pytest.param(["tessera.add_grant"], ["tessera.add_grant"], id="who may do the same"),
    ],
)
@pytest.mark.django_db
def test_a_token_may_be_made_for_a_peer(mine, theirs):
    client = staff(*mine)
    grace = clerk_named("grace", *theirs)

    answer = client.post(ADD, asked(grace))

    assert len(SECRET.findall(answer.text)) == 1


@pytest.mark.django_db
def test_a_superuser_makes_tokens_for_superusers():
    answer = root().post(ADD, asked(User.objects.create_superuser("grace")))

    assert len(SECRET.findall(answer.text)) == 1


def test_the_form_wants_its_csrf_token(user):
    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.create_superuser("root"))

    answer = client.post(ADD, asked(user))

    assert answer.status_code == 403
    assert not Grant.objects.exists()
