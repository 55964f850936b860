"""The pages of the admin on that site. `tests/admin/test_sites.py` runs this."""

import pytest
from django.test import Client

from tessera.models import Grant
from tests.admin import ADD, SECRET, TOKENS, asked
from tests.sites.members.models import Member

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> Member:
    return Member.objects.create(email="ada@example.com")


@pytest.fixture
def client() -> Client:
    client = Client()
    client.force_login(Member.objects.create(email="root@example.com", is_staff=True))  # type: ignore[arg-type]
    return client


def test_a_token_is_made_for_a_member(client, ada):
    answer = client.post(ADD, asked(ada))

    assert len(SECRET.findall(answer.text)) == 1
    assert Grant.objects.get().subject == ada


def test_what_is_no_key_of_a_member_is_an_error_of_the_form(client, ada):
    answer = client.post(ADD, asked(ada, subject="1"))

    assert list(answer.context["adminform"].form.errors) == ["subject"]


@pytest.mark.parametrize("term", [lambda ada: "ADA@", lambda ada: str(ada.uid)], ids=["by email", "by key"])
def test_a_token_is_found_by_its_member(client, ada, term):
    client.post(ADD, asked(ada, label="mine"))
    client.post(ADD, asked(Member.objects.create(email="charles@example.com")))

    answer = client.get(TOKENS, {"q": term(ada)})

    assert [grant.label for grant in answer.context["cl"].result_list] == ["mine"]
