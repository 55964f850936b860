"""Tokens are revoked: one, all, or all but one; by their user, by an administrator, by command."""

from uuid import UUID

from django.test import Client

from tessera import Ask, Issued, Kind, issue, revoke
from tests.admin import TOKENS, root
from tests.credentials import bearing
from tests.life import Way, World
from tests.management.terminal import called


def tick(*grants: UUID) -> None:
    root().post(TOKENS, {"action": "revoke_selected", "_selected_action": [str(grant) for grant in grants]})


def request(path: str, token: Issued) -> None:
    answer = Client().post(path, headers=bearing(token.secret))
    assert answer.status_code == 204, answer.content


def from_a_sign_in(world: World, method: str, path: str) -> None:
    sign_in = issue(Ask(subject=world.ada(), kind=Kind.SIGN_IN))
    answer = Client().generic(method, f"/auth/tokens/{path}", headers=bearing(sign_in.secret))
    assert answer.status_code in {200, 204}, answer.content


def log_out_of_the_admin(world: World) -> None:
    browser = Client()
    browser.force_login(world.ada())
    browser.post("/admin/logout/")
    assert "_auth_user_id" not in browser.session


EVENTS: dict[str, dict[str, Way]] = {
    "It is revoked": {
        "`revoke(grant)`": lambda world: revoke(world.it.grant),
        "`tessera revoke TOKEN`": lambda world: called("tessera", "revoke", world.it.grant.hint),
        "the admin": lambda world: tick(world.it.grant.pk),
        "`POST revoke/` with it": lambda world: request("/api-token-auth/revoke/", world.it),
        "`DELETE tokens/…/`": lambda world: from_a_sign_in(world, "DELETE", f"{world.it.grant.pk}/"),
    },
    "Another of the user's is revoked": {
        "`revoke(grant)`": lambda world: revoke(world.other.grant),
        "`tessera revoke TOKEN`": lambda world: called("tessera", "revoke", world.other.grant.hint),
        "the admin": lambda world: tick(world.other.grant.pk),
        "`POST revoke/` with that one": lambda world: request("/api-token-auth/revoke/", world.other),
        "`DELETE tokens/…/`": lambda world: from_a_sign_in(world, "DELETE", f"{world.other.grant.pk}/"),
    },
    "All of the user's are revoked": {
        "`revoke(subject=…)`": lambda world: revoke(subject=world.ada()),
        "`tessera revoke --user`": lambda world: called("tessera", "revoke", "--user", "ada"),
        "the admin": lambda world: tick(world.it.grant.pk, world.other.grant.pk),
        "a request with it": lambda world: request("/sign-out/everywhere/", world.it),
        "`POST tokens/revoke-all/`": lambda world: from_a_sign_in(world, "POST", "revoke-all/"),
    },
    "All but it are revoked": {
        "`revoke(subject=…, keep=…)`": lambda world: revoke(subject=world.ada(), keep=world.it.grant),
        "`tessera revoke --user --keep`": lambda world: called(
            "tessera", "revoke", "--user", "ada", "--keep", world.it.grant.hint
        ),
        "a request with it": lambda world: request("/sign-out/elsewhere/", world.it),
    },
    "All but another are revoked": {
        "`revoke(subject=…, keep=…)`": lambda world: revoke(subject=world.ada(), keep=world.other.grant),
        "`tessera revoke --user --keep`": lambda world: called(
            "tessera", "revoke", "--user", "ada", "--keep", world.other.grant.hint
        ),
        "a request with that one": lambda world: request("/sign-out/elsewhere/", world.other),
    },
    "The user signs out everywhere else": {
        "`POST tokens/revoke-others/`": lambda world: from_a_sign_in(world, "POST", "revoke-others/"),
    },
    "All of its client are revoked": {
        "`revoke(subject=…, client=…)`": lambda world: revoke(subject=world.ada(), client=world.it.grant.client),
        "`tessera revoke --user --client`": lambda world: called(
            "tessera", "revoke", "--user", "ada", "--client", world.it.grant.client
        ),
    },
    "All of another client are revoked": {
        "`revoke(subject=…, client=…)`": lambda world: revoke(subject=world.ada(), client="another"),
        "`tessera revoke --user --client`": lambda world: called(
            "tessera", "revoke", "--user", "ada", "--client", "another"
        ),
    },
    "The user leaves Django's session": {"the admin": log_out_of_the_admin},
}
"""What is revoked, and by what. "It" is the token in question."""
