"""The page on which a letter is redeemed, as docs/how-to/letters.md has its reader mount it, and as a person sees it.

No other test knows what a browser says of the form's origin, and whether the letter leaves the address.
"""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

import run
from tests.browser.conftest import PATIENCE, watched
from tests.browser.test_device_list import served
from tests.test_docs import ROOT, TUTORIAL, follow

BUTTON = "Show my token"
TOKEN, DEAD = "code", "This link opens nothing"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the tutorial makes and that page adds to."""
    folder = tmp_path_factory.mktemp("letters") / "project"
    folder.mkdir()
    for page in (TUTORIAL, ROOT / "docs/how-to/letters.md"):
        follow(page, folder)
    return folder


@pytest.fixture(scope="module")
def built(project: Path) -> Iterator[str]:
    with served(project, run.free_port()) as url:
        yield url


@pytest.fixture
def make_link(project: Path, built: str) -> Callable[[], str]:
    """Another letter of ada's, and the link to its page."""

    def make_link() -> str:
        made = subprocess.run([sys.executable, "make_link.py"], cwd=project, capture_output=True, text=True, check=True)
        link = urlsplit(made.stdout.strip())
        return f"{built}{link.path}#{link.fragment}"

    return make_link


@pytest.fixture
def context(browser: Browser, built: str) -> Iterator[BrowserContext]:
    with browser.new_context() as context:
        context.set_default_timeout(PATIENCE)
        complaints = watched(context, built)
        yield context
    assert complaints == []


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


def test_a_link_leads_to_a_button_and_that_to_the_token(page: Page, make_link: Callable[[], str]):
    page.goto(make_link())
    page.get_by_role("button", name=BUTTON).click()

    assert page.locator(TOKEN).inner_text().startswith("tsrp_")


def test_the_letter_leaves_the_address_at_once_and_is_sent_in_the_form_alone(page: Page, make_link: Callable[[], str]):
    link, sent = make_link(), []
    page.on("request", lambda request: sent.append((request.method, request.url, request.headers.get("referer", ""))))

    page.goto(link)
    expect(page.get_by_label("Paste the link from your mail:")).to_be_hidden()
    address = page.url
    page.get_by_role("button", name=BUTTON).click()
    expect(page.locator(TOKEN)).to_be_visible()

    letter = urlsplit(link).fragment
    assert address == page.url == link.partition("#")[0]
    assert [method for method, *_ in sent if method == "POST"] == ["POST"]
    # Playwright tells of the first by what was typed; what lies behind the # it does not send either.
    assert [each for each in sent[1:] if letter in "".join(each)] == []


def test_a_link_that_was_followed_before_opens_nothing(page: Page, make_link: Callable[[], str]):
    link = make_link()
    for _ in range(2):
        page.goto("about:blank")
        page.goto(link)
        page.get_by_role("button", name=BUTTON).click()
        expect(page.get_by_role("button", name=BUTTON)).to_have_count(0)

    expect(page.get_by_role("heading", name=DEAD)).to_be_visible()


def test_two_clicks_are_one(page: Page, make_link: Callable[[], str]):
    page.goto(make_link())

    page.get_by_role("button", name=BUTTON).dblclick()

    expect(page.locator(TOKEN)).to_be_visible()


def test_another_link_is_followed_from_wherever_the_first_has_led(page: Page, make_link: Callable[[], str]):
    for link in (make_link(), make_link()):
        page.goto(link)
        page.get_by_role("button", name=BUTTON).click()
        expect(page.locator(TOKEN)).to_be_visible()


def test_without_a_script_the_link_is_pasted(browser: Browser, make_link: Callable[[], str]):
    link = make_link()

    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(link)
        page.get_by_label("Paste the link from your mail:").fill(link)
        page.get_by_role("button", name=BUTTON).click()

        expect(page.locator(TOKEN)).to_be_visible()
