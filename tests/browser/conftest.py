"""A browser in front of the example. These fixtures stand here because nothing else has a playwright to import."""

import re
from collections.abc import Generator, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, expect, sync_playwright

import run
from tests.example import serving

SCREENSHOTS = run.ROOT / "build" / "browser"
"""How the tabs of a failing test looked."""

PATIENCE = 15_000  # Milliseconds: a busy machine is slow now and then.

NO_ERROR = re.compile(r"\S+/favicon\.ico says: |.* says: Failed to load resource: .* status of (400|401|403|429) ")
"""What Chromium says of an icon that it wanted unbidden, and of a refusal, to which a page has an answer."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Function) -> Generator[None, Any, Any]:
    report = yield
    page = item.funcargs.get("page")
    if report.when == "call" and report.failed and isinstance(page, Page):
        for number, tab in enumerate(page.context.pages, start=1):
            path = SCREENSHOTS / f"{item.name}-{number}.png"
            tab.screenshot(path=path, full_page=True)
            report.sections.append(("Screenshot", f"{path}\n{tab.url}"))
    return report


@pytest.fixture(scope="session")
def example(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The example, which counts log-ins where the tests do, and so forgets them before each."""
    counters: Any = settings.CACHES["default"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REDIS_URL", counters["LOCATION"])
        with serving(tmp_path_factory.mktemp("example")) as url:
            yield url


@pytest.fixture(scope="session")
def site(example: str) -> str:
    """Where the browser finds the example: under this name, so that 127.0.0.1 is another site."""
    return example.replace("127.0.0.1", "localhost")


@pytest.fixture(scope="session")
def browser(example: str) -> Iterator[Browser]:
    """Chromium. The example first: beside playwright's event loop Django opens no database."""
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright, playwright.chromium.launch(executable_path=run.chromium()) as browser:
        yield browser


@pytest.fixture
def page(browser: Browser, site: str) -> Iterator[Page]:
    """A tab of a browser that knows nothing yet.

    The test fails if a page of ours, here or in another tab, says an error or asks for something elsewhere.
    """
    with browser.new_context(base_url=site) as context:
        context.set_default_timeout(PATIENCE)
        complaints = watched(context, site)
        yield context.new_page()
    assert complaints == []


def watched(context: BrowserContext, site: str) -> list[str]:
    """What goes wrong in any tab from now on."""
    complaints: list[str] = []

    def is_ours(url: str) -> bool:
        return urlsplit(url)[:2] == urlsplit(site)[:2]

    def look(request: Request) -> None:
        asks = request.frame.parent_frame if request.is_navigation_request() else request.frame
        if asks and is_ours(asks.url) and not is_ours(request.url):
            complaints.append(f"{asks.url} asks for {request.url}")

    def hear(message: ConsoleMessage) -> None:
        said = f"{message.location['url']} says: {message.text}"
        is_told_by_us = message.page and is_ours(message.page.url)
        if is_told_by_us and message.type in {"error", "warning"} and not NO_ERROR.match(said):
            complaints.append(said)

    context.on("request", look)
    context.on("console", hear)
    context.on("weberror", lambda error: complaints.append(str(error.error)))
    return complaints
