"""A client that does what a browser does with cookies, and whose requests are checked for CSRF as in earnest."""

from typing import Any

from rest_framework.test import APIClient

ADA = {"username": "ada", "password": "lovelace-1843"}
LOGIN, REFRESH, VERIFY, LOGOUT, CSRF = (f"/auth/{name}/" for name in ("login", "refresh", "verify", "logout", "csrf"))

OURS, THEIRS = "https://testserver", "https://evil.example"


class Browser(APIClient):
    """A page of the site sends along what `csrf/` has told it, which a page of another site cannot know."""

    def __init__(self) -> None:
        super().__init__(enforce_csrf_checks=True)
        self.page: dict[str, str] = {}

    def request(self, **environ: Any) -> Any:
        """Go over HTTPS, as `__Host-` takes it."""
        return super().request(**{**environ, "wsgi.url_scheme": "https", "SERVER_PORT": "443"})

    def open_page(self) -> None:
        """Load a page of the site."""
        self.page = {"X-CSRFToken": self.get(CSRF).json()["csrf_token"]}

    def send(self, path: str, data: Any = None, method: str = "post", **headers: str) -> Any:
        """What a page of the site sends."""
        return self._sent(method, path, data, {"Origin": OURS, **self.page, **headers})

    def forge(self, path: str, data: Any = None, method: str = "post", **headers: str) -> Any:
        """What a page of another site has the browser send, were there no SameSite."""
        return self._sent(method, path, data, {"Origin": THEIRS, **headers})

    def _sent(self, method: str, path: str, data: Any, headers: dict[str, str]) -> Any:
        return getattr(self, method)(path, data, format="json", headers=headers)

    def log_in(self, **more: Any) -> Any:
        """Sign in as ada, for cookies, on a page of the site."""
        self.open_page()
        return self.send(LOGIN, {**ADA, "carrier": "cookie", **more})

    def kept(self) -> dict[str, str]:
        """The tokens that it keeps, by the names of their cookies."""
        return {name: each.value for name, each in self.cookies.items() if name.startswith("__Host-") and each.value}
