"""Who has to wait learns nothing by it: one answer to every name, and no work."""

import pytest
from django.contrib.auth.models import User

from tests.recording import CountingHasher

RIGHT = "lovelace-1843"


@pytest.mark.parametrize("path", ["/api-token-auth/", "/auth/login/"])
def test_all_are_told_alike_to_wait_whether_or_not_there_is_such_a_user(client, settings, monkeypatch, db, clock, path):
    settings.PASSWORD_HASHERS = ["tests.recording.CountingHasher"]
    monkeypatch.setattr(CountingHasher, "passwords", [])
    settings.TESSERA = {**settings.TESSERA, "RATES": {"name_and_address": "1/minute"}}
    User.objects.create_user("ada", password=RIGHT)
    User.objects.create_user("inactive", password=RIGHT, is_active=False)
    User.objects.create_user("unusable")

    seen = {}
    for name in ("ada", "nobody", "inactive", "unusable"):
        client.post(path, {"username": name, "password": "wrong"})
        CountingHasher.passwords.clear()
        answer = client.post(path, {"username": name, "password": RIGHT})
        seen[name] = (answer.status_code, answer.content, dict(answer.headers), len(CountingHasher.passwords))

    assert (seen["ada"][0], seen["ada"][3]) == (429, 0)
    assert seen == dict.fromkeys(seen, seen["ada"])
