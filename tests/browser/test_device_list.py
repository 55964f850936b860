"""The page that docs/how-to/device-list.md has its reader build, as its user sees it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, Route, expect

import run
from tests.browser.conftest import PATIENCE, watched
from tests.test_docs import ROOT, TUTORIAL, follow

PAGE = "/devices/"
ADA = {"username": "ada", "password": "lovelace-1843"}

# What the page says is all that it needs; and ada logs in more often than people do.
MORE_SETTINGS = """
MIDDLEWARE.append("mysite.policy.only_ours")
TESSERA["RATES"] = {"name_and_address": "1000/minute", "address": "1000/minute"}
"""
POLICY = """
def only_ours(get_response):
    def middleware(request):
        response = get_response(request)
        response["Content-Security-Policy"] = "default-src 'self'"
        return response

    return middleware
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of the project that the tutorial makes and that page adds to."""
    folder = tmp_path_factory.mktemp("device-list") / "project"
    folder.mkdir()
    for page in (TUTORIAL, ROOT / "docs/how-to/device-list.md"):
        follow(page, folder)
    (folder / "mysite/policy.py").write_text(POLICY)
    with (folder / "mysite/settings.py").open("a") as settings:
        settings.write(MORE_SETTINGS)
    with served(folder, run.free_port()) as url:
        yield url


@contextmanager
def served(folder: Path, port: int) -> Iterator[str]:
    environ = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    words = [sys.executable, "manage.py", "runserver", "--noreload", f"{port}"]
    with subprocess.Popen(
        words, cwd=folder, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT
    ) as server:
        try:
            run.wait_for(server, port)
            yield f"http://localhost:{port}"
        finally:
            server.kill()


@pytest.fixture
def context(browser: Browser, built: str) -> Iterator[BrowserContext]:
    """A browser that knows nothing yet, in front of that project. The test fails if the page says an error."""
    with browser.new_context(base_url=built) as context:
        context.set_default_timeout(PATIENCE)
        complaints = watched(context, built)
        yield context
    assert complaints == []


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """The page, with ada logged in on her laptop and nowhere else."""
    signed_in = context.request.post("/auth/login/", data=ADA).json()
    bearer = {"Authorization": f"Bearer {signed_in['access_token']}"}
    context.request.post("/auth/tokens/revoke-all/", headers=bearer)
    page = context.new_page()
    page.goto(PAGE)
    log_in(page, "laptop")
    expect(page.locator("li")).to_have_count(1)
    return page


def log_in(page: Page, label: str, password: str = ADA["password"]) -> None:
    page.get_by_label("Name").fill(ADA["username"])
    page.get_by_label("Password").fill(password)
    page.get_by_label("This device").fill(label)
    page.get_by_role("button", name="Log in").click()


def from_elsewhere(page: Page, label: str) -> str:
    """Ada logs in on another device; its access token. The page is then made to list anew."""
    body: dict[str, str] = page.request.post("/auth/login/", data=ADA | {"label": label}).json()
    rename(page, 0, "laptop")
    return body["access_token"]


def rename(page: Page, place: int, label: str) -> None:
    page.once("dialog", lambda dialog: dialog.accept(label))
    page.locator("li").nth(place).get_by_role("button", name="Rename").click()


def token_for_a_script(page: Page) -> str:
    page.get_by_label("What is it for?").fill("backup")
    page.get_by_role("button", name="Make it").click()
    expect(page.locator("output")).to_contain_text("tsrp_")
    told: str = page.locator("output").inner_text()
    return told.rsplit(maxsplit=1)[-1]


def status(page: Page, token: str) -> int:
    code: int = page.request.get("/auth/tokens/", headers={"Authorization": f"Bearer {token}"}).status
    return code


def test_a_wrong_password_is_said_and_a_right_one_shows_the_list(page: Page):
    page.reload()
    log_in(page, "laptop", "byron")
    expect(page.locator("#message")).to_have_text("Unable to log in with provided credentials.")

    log_in(page, "laptop again")

    expect(page.locator("li")).to_have_count(2)
    expect(page.locator("li").first).to_contain_text("laptop again this device, sign-in, 127.0.0.1, Mozilla/5.0")
    expect(page.locator("#login")).to_be_hidden()


def test_a_device_gets_another_name_which_is_text_whatever_is_in_it(page: Page):
    rename(page, 0, "<img src=x onerror=alert(1)>")

    expect(page.locator("li b")).to_have_text("<img src=x onerror=alert(1)>")
    expect(page.locator("li img")).to_have_count(0)


def test_another_device_is_signed_out(page: Page):
    phone = from_elsewhere(page, "phone")
    expect(page.locator("li b")).to_have_text(["phone", "laptop"])

    page.locator("li").first.get_by_role("button", name="End").click()

    expect(page.locator("li b")).to_have_text(["laptop"])
    assert status(page, phone) == 401


def test_who_ends_this_device_is_signed_out(page: Page):
    page.get_by_role("button", name="End", exact=True).click()

    expect(page.locator("#login")).to_be_visible()
    expect(page.locator("#message")).to_have_text("You are signed out.")


def test_a_script_gets_a_token_that_outlives_a_sign_out_everywhere_else(page: Page):
    phone = from_elsewhere(page, "phone")
    script = token_for_a_script(page)

    page.get_by_role("button", name="Sign out everywhere else").click()

    expect(page.locator("li b")).to_have_text(["backup", "laptop"])
    expect(page.locator("#message")).to_have_text("Sign-ins that have ended: 1.")
    assert (status(page, phone), status(page, script)) == (401, 403)


def test_the_end_of_everything_is_the_end_of_this_one_too(page: Page):
    script = token_for_a_script(page)

    page.get_by_role("button", name="End everything").click()

    expect(page.locator("#login")).to_be_visible()
    assert (status(page, script), page.content().count("tsrp_")) == (401, 0)


def test_an_access_token_that_has_expired_is_refreshed_once_for_all_that_need_it(page: Page):
    refreshes: list[Request] = []
    page.on("request", lambda request: refreshes.append(request) if "refresh" in request.url else None)
    expire_until_refreshed(page)

    rename(page, 0, "old laptop")

    expect(page.locator("li b")).to_have_text(["old laptop"])
    assert len(refreshes) == 1


def expire_until_refreshed(page: Page) -> None:
    """The access token that the page has is as good as garbage."""
    spent: list[str] = []

    def spoil(route: Route) -> None:
        held = route.request.headers.get("authorization", "")
        spent.append(held) if not spent else None
        route.continue_(headers=route.request.headers | ({"authorization": "Bearer x"} if held == spent[0] else {}))

    page.route("**/auth/tokens/**", spoil)


def test_a_refresh_that_is_refused_for_now_signs_nobody_out(page: Page):
    expire_until_refreshed(page)
    page.route("**/auth/refresh/", lambda route: route.fulfill(status=429, json={"detail": "Later."}), times=1)
    rename(page, 0, "old laptop")
    expect(page.locator("#message")).to_have_text("Later.")
    expect(page.locator("#login")).to_be_hidden()

    rename(page, 0, "old laptop")

    expect(page.locator("li b")).to_have_text(["old laptop"])


def test_who_was_signed_out_from_elsewhere_is_asked_to_log_in(page: Page):
    phone = from_elsewhere(page, "phone")
    page.request.post("/auth/tokens/revoke-others/", headers={"Authorization": f"Bearer {phone}"})

    page.get_by_role("button", name="Sign out everywhere else").click()

    expect(page.locator("#login")).to_be_visible()
    expect(page.locator("#message")).to_have_text("You are signed out. Log in again.")


def test_who_logged_in_too_long_ago_is_asked_for_the_password(page: Page):
    page.route(
        "**/auth/personal/", lambda route: route.fulfill(status=403, json={"detail": "", "code": "login_required"})
    )

    page.get_by_label("What is it for?").fill("backup")
    page.get_by_role("button", name="Make it").click()

    expect(page.locator("#login")).to_be_visible()
    expect(page.locator("#message")).to_have_text("Log in again for that: it was too long ago.")


def test_a_log_out_ends_the_sign_in(page: Page):
    with page.expect_response("**/auth/logout/") as answer:
        page.get_by_role("button", name="Log out").click()

    expect(page.locator("#login")).to_be_visible()
    assert answer.value.status == 204
