"""What django-axes does at our sign-ins: run in a process of its own, since it has tables and a middleware."""

from typing import Any

import django

django.setup()

from axes.models import AccessAttempt  # type: ignore[import-untyped]  # noqa: E402
from axes.utils import reset  # type: ignore[import-untyped]  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.contrib.auth.signals import user_login_failed  # noqa: E402
from django.core.cache import cache  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.http import HttpRequest  # noqa: E402
from django.test import Client  # noqa: E402

from tessera.testing import Clock  # noqa: E402

RIGHT = "lovelace-1843"
LOCKED = (429, {"detail": "Locked out.", "code": "too_many_attempts"})


def main() -> None:
    call_command("migrate", verbosity=0)
    call_command("check", fail_level="WARNING")
    for name in ("ada", "eve"):
        User.objects.create_user(name, password=RIGHT)
    for path, refused in (("/api-token-auth/", 400), ("/auth/login/", 401)):
        cache.clear()
        with Clock():
            after_its_limit_it_locks_out(path, refused)
            another_name_and_another_address_are_let_in(path)
            a_reset_lets_in_again(path)
            a_success_clears_its_counter(path, refused)
            what_ours_refuses_is_no_failure_to_it(path)


def after_its_limit_it_locks_out(path: str, refused: int) -> None:
    told: list[Any] = []

    def receiver(request: HttpRequest, credentials: Any, **_: Any) -> None:
        told.append((request.path, credentials))

    user_login_failed.connect(receiver)
    answers = [sign_in(path, password) for password in ("wrong", "wrong", "wrong", "wrong", RIGHT)]
    user_login_failed.disconnect(receiver)

    assert [status for status, _ in answers] == [refused, refused, 429, 429, 429], answers
    assert answers[2:] == [LOCKED] * 3
    assert told == [(path, {"username": "ada", "password": "*" * 20})] * 5, told  # Once for each.
    attempt = AccessAttempt.objects.get()
    assert (attempt.username, attempt.ip_address, attempt.path_info) == ("ada", "192.0.2.1", path)
    assert not [typed for typed in (RIGHT, "wrong") if typed in str(vars(attempt))]


def another_name_and_another_address_are_let_in(path: str) -> None:
    assert sign_in(path, RIGHT, name="eve")[0] == 200
    assert sign_in(path, RIGHT, address="198.51.100.7")[0] == 200


def a_reset_lets_in_again(path: str) -> None:
    assert sign_in(path, RIGHT) == LOCKED
    reset(username="ada", ip="192.0.2.1")
    assert sign_in(path, RIGHT)[0] == 200


def a_success_clears_its_counter(path: str, refused: int) -> None:
    statuses = [sign_in(path, password)[0] for password in ("wrong", "wrong", RIGHT, "wrong", "wrong")]
    assert statuses == [refused, refused, 200, refused, refused], statuses
    reset()


def what_ours_refuses_is_no_failure_to_it(path: str) -> None:
    answers = [sign_in(path, password) for password in (*[RIGHT] * 8, *["wrong"] * 3)]
    assert [status for status, _ in answers] == [200] * 8 + [429] * 3, answers
    assert "throttled" in answers[-1][1]["detail"]
    assert not AccessAttempt.objects.exists()


def sign_in(path: str, password: str, name: str = "ada", address: str = "192.0.2.1") -> tuple[int, Any]:
    answer = Client().post(path, {"username": name, "password": password}, REMOTE_ADDR=address)
    return answer.status_code, answer.json()


main()
