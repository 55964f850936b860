"""A token made in the admin, as somebody with a browser sees it."""

import pytest
from playwright.sync_api import Error, Page, expect

from tests.admin import ADD, SECRET, TOKENS


def make_token(page: Page) -> str:
    """The secret of one for ada, as a superuser reads it off the page."""
    page.goto(ADD)
    page.get_by_label("Username:").fill("admin")
    page.get_by_label("Password:").fill("babbage-1791")
    page.get_by_role("button", name="Log in").click()
    page.get_by_label("User:").fill("1")
    page.get_by_label("Name:").fill("laptop")
    page.get_by_role("button", name="Save").click()
    secret: str = page.locator("code").inner_text()
    return secret


def test_the_secret_of_a_new_token_is_seen_once(page: Page):
    secret = make_token(page)

    page.goto(TOKENS)

    assert SECRET.fullmatch(secret)
    expect(page.get_by_role("cell", name="laptop").first).to_be_visible()
    assert secret not in page.content()


def test_the_way_back_does_not_lead_to_the_secret(page: Page):
    make_token(page)
    page.goto("/admin/")

    # Chromium has kept nothing of that page, and asks whether to send the form again.
    with pytest.raises(Error, match="ERR_CACHE_MISS"):
        page.go_back()


def test_the_secret_that_was_shown_opens(page: Page):
    bearer = {"Authorization": f"Bearer {make_token(page)}"}

    answer = page.request.post("/tracks/", data={"title": "Note G"}, headers=bearer)

    assert (answer.status, answer.json()["owner"]) == (201, "ada")
