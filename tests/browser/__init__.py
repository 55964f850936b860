"""What the tests in the browser share: somebody at the page, and the cookies that it leaves."""

from typing import Any

from playwright.sync_api import Page, expect

ACCESS, REFRESH = "__Host-access", "__Host-refresh"

PASSWORDS = {"ada": "lovelace-1843", "grace": "hopper-1906"}


def fill_in(page: Page, name: str, password: str, *, remember: bool = True) -> None:
    """Send the form."""
    page.goto("/app/")
    page.get_by_label("Name or e-mail").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_label("Remember me").set_checked(remember)
    page.get_by_role("button", name="Sign in").click()


def sign_in(page: Page, name: str = "ada", *, remember: bool = True) -> None:
    """Be signed in, as the page shows it."""
    fill_in(page, name, PASSWORDS[name], remember=remember)
    expect_in(page, name)


def expect_in(page: Page, name: str = "ada") -> None:
    """The page shows what is theirs."""
    expect(page.get_by_text(f"Signed in as {name}")).to_be_visible()
    expect(page.get_by_text("This device")).to_be_visible()


def expect_out(page: Page) -> None:
    """The page asks for a password."""
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    expect(page.get_by_text("Signed in as")).to_be_hidden()


def add_track(page: Page, title: str) -> None:
    """Something that only a live sign-in can do."""
    page.get_by_label("New track").fill(title)
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_text(f"Added: {title}.")).to_be_visible()


def sign_in_elsewhere(page: Page, label: str, name: str = "ada") -> str:
    """The access token of another device. It gets it in the answer, and this browser's cookies stay as they are."""
    form: dict[str, Any] = {"username": name, "password": PASSWORDS[name], "label": label}
    token: str = page.request.post("/auth/login/", form=form).json()["access_token"]
    return token


def is_live(page: Page, token: str) -> bool:
    """Whether a token in the header opens anything."""
    answer = page.request.post("/auth/verify/", headers={"Authorization": f"Bearer {token}"})
    return bool(answer.ok)


def tokens(page: Page) -> dict[str, str]:
    """The cookies with tokens that the browser has."""
    return {each["name"]: each["value"] for each in page.context.cookies() if each["name"] in {ACCESS, REFRESH}}
