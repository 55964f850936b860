"""What the browser keeps of a sign-in, and lets no script see."""

import time
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.admin import SECRET
from tests.browser import ACCESS, REFRESH, add_track, expect_out, sign_in, sign_in_elsewhere, tokens

HOUR, DAY = 3600, 24 * 3600

FOR_THIS_HOST_ALONE = {"domain": "localhost", "path": "/", "httpOnly": True, "secure": True, "sameSite": "Lax"}
LISTEN = """
    const { fetch } = window;
    window.heard = [];
    window.fetch = async (...asked) => {
        const answer = await fetch(...asked);
        heard.push([answer.url, [...answer.headers] + await answer.clone().text()]);
        return answer;
    };
"""
"""What a script that slipped into the page would do: it hears every answer."""

ALL_THAT_A_SCRIPT_SEES = "[document.cookie, {...localStorage}, {...sessionStorage}, document.documentElement.outerHTML]"


@pytest.mark.parametrize(
    ("remember", "days"), [pytest.param(True, 30, id="remembered"), pytest.param(False, 0.5, id="not remembered")]
)
def test_a_cookie_lives_as_long_as_its_token_and_is_for_this_host_alone(page: Page, remember: bool, days: float):
    sign_in(page, remember=remember)
    now = time.time()

    cookies: dict[str, Any] = {each["name"]: each for each in page.context.cookies() if each["name"] in tokens(page)}

    ages = {name: each["expires"] - now for name, each in cookies.items()}
    assert ages == {ACCESS: pytest.approx(HOUR / 4, abs=30), REFRESH: pytest.approx(days * DAY, abs=30)}
    for cookie in cookies.values():
        assert SECRET.fullmatch(cookie["value"])
        assert {name: cookie[name] for name in FOR_THIS_HOST_ALONE} == FOR_THIS_HOST_ALONE


def test_no_script_sees_a_token(page: Page):
    page.add_init_script(LISTEN)
    sign_in(page)
    page.context.clear_cookies(name=ACCESS)
    add_track(page, "Note L")  # For which it refreshes.

    heard = page.evaluate("heard")
    seen = str([heard, page.evaluate(ALL_THAT_A_SCRIPT_SEES)])

    assert {"csrf/", "login/", "refresh/", "verify/", "tokens/"} <= {url.partition("/auth/")[2] for url, _ in heard}
    assert not SECRET.search(seen)
    assert not any(token in seen for token in tokens(page).values())


def test_the_header_beats_the_cookie(page: Page):
    sign_in(page, "ada")
    token = sign_in_elsewhere(page, "phone", "grace")

    # No CSRF token either: no other site can make a browser send this header.
    answer = page.evaluate(
        """async (token) => {
            const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
            const answer = await fetch("/tracks/", { method: "POST", headers, body: '{"title": "Nanoseconds"}' });
            return [answer.status, (await answer.json()).owner];
        }""",
        token,
    )

    assert answer == [201, "grace"]


@pytest.mark.parametrize("dead", ["ended", "malformed"])
def test_logging_out_clears_a_dead_cookie_as_well(page: Page, dead: str):
    sign_in(page)
    if dead == "ended":
        phone = sign_in_elsewhere(page, "phone")
        page.request.post("/auth/tokens/revoke-others/", headers={"Authorization": f"Bearer {phone}"})
    else:
        cookies: list[Any] = [{**each, "value": "nonsense"} for each in page.context.cookies() if each["httpOnly"]]
        page.context.add_cookies(cookies)

    page.get_by_role("button", name="Log out").click()

    expect_out(page)
    assert tokens(page) == {}
