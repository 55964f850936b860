"""The admin on sites that are made otherwise: with other user admins, other user models, or without the admin."""

from types import ModuleType

import pytest
from django.contrib.admin import AdminSite, ModelAdmin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import User
from django.urls import path

from tessera.admin import GrantAdmin
from tessera.models import Grant
from tests.admin import ADD, SECRET, TOKENS, asked, root
from tests.processes import python
from tests.services import ROOT
from tests.sites.settings import INSTALLED_APPS


class BlindUserAdmin(ModelAdmin):  # type: ignore[type-arg]
    """It shows nobody."""

    def get_queryset(self, request):
        return super().get_queryset(request).none()


class SortedUserAdmin(ModelAdmin):  # type: ignore[type-arg]
    ordering = ("-last_login", "email")
    search_fields = ()


USER_ADMINS = [
    pytest.param(None, id="no user admin"),
    pytest.param(ModelAdmin, id="a bare one, which searches nothing"),
    pytest.param(SortedUserAdmin, id="one with an order of its own"),
    pytest.param(BlindUserAdmin, id="one with a queryset of its own"),
    pytest.param(UserAdmin, id="Django's"),
]


@pytest.fixture
def serve(settings):
    """Have this user admin beside ours, on a site of theirs."""

    def serve(user_admin) -> AdminSite:
        site, urls = AdminSite(), ModuleType("urls")
        site.register(Grant, GrantAdmin)
        if user_admin is not None:
            site.register(User, user_admin)
        vars(urls)["urlpatterns"] = [path("admin/", site.urls)]
        settings.ROOT_URLCONF = urls
        return site

    return serve


@pytest.mark.parametrize("user_admin", USER_ADMINS)
def test_tokens_are_made_and_listed_beside_any_user_admin(user, serve, user_admin):
    site = serve(user_admin)
    client = root()

    [secret] = SECRET.findall(client.post(ADD, asked(user, label="laptop")).text)
    pages = [client.get(ADD), client.post(ADD, asked(user, lifetime="0")), client.get(TOKENS, {"q": "ada"})]
    [token] = Grant.objects.all()
    pages.append(client.get(f"{TOKENS}{token.pk}/change/"))

    assert [page.status_code for page in pages] == [200] * 4
    assert secret[5:37] == token.pk.hex
    assert site.get_model_admin(Grant).check() == []


@pytest.mark.parametrize("user_admin", USER_ADMINS[1:3] + USER_ADMINS[4:])
def test_users_are_deleted_beside_any_user_admin(user, hand_out, serve, user_admin):
    hand_out()
    serve(user_admin)

    answer = root().post(f"/admin/auth/user/{user.pk}/delete/", {"post": "yes"})

    assert answer.status_code == 302
    assert not Grant.objects.exists()


def run(*words: str) -> str:
    done = python("-m", *words, folder=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_site_without_the_admin_starts():
    assert "django.contrib.admin" not in INSTALLED_APPS

    run("django", "check", "--settings", "tests.sites.settings")


def test_a_site_whose_users_have_other_keys_and_names_has_the_same_pages():
    said = run(
        "pytest", "--ds", "tests.sites.members.settings", "-p", "no:cacheprovider", "tests/sites/members/pages.py"
    )

    assert "4 passed" in said
