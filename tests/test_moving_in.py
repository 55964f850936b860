"""A site with very many keys of both packages moves in: every client's next request is answered as the last one was.

`MOVE_IN=100000` moves so many of each and, with `-s`, prints how long it took and how much memory.
"""

import json
import os
import random
import sys
import time
from urllib.request import Request, urlopen

import pytest
from django.db import connection
from django.urls import path
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from tessera.dialects import authtoken, knox
from tessera.models import Grant
from tests import processes
from tests.former import drop_table, execute
from tests.management.terminal import MANAGE
from tests.processes import on_a_database

MANY = int(os.environ.get("MOVE_IN", "2000"))
SAMPLE = min(1000, MANY // 20)
"""Of each package, so many clients ask once more, over HTTP."""

BEFORE = """
settings.INSTALLED_APPS = [
    "django.contrib.contenttypes", "django.contrib.auth", "rest_framework", "rest_framework.authtoken", "knox"
]
import django, hashlib, json
django.setup()
from datetime import timedelta
from pathlib import Path
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.core.management import call_command
from django.utils import timezone
from knox.models import AuthToken, get_digest_token
from rest_framework.authtoken.models import Token

many, folder, now = int(sys.argv[1]), Path(sys.argv[2]), timezone.now()
call_command("migrate", "knox", verbosity=0)
call_command("migrate", "authtoken", verbosity=0)
password = make_password("lovelace-1843")
User.objects.bulk_create((User(username=f"user-{n}", password=password) for n in range(many)), batch_size=1000)
users = list(User.objects.filter(username__startswith="user-").order_by("pk"))
keys = [Token(user=user, key=Token.generate_key(), created=now) for user in users]
Token.objects.bulk_create(keys, batch_size=1000)
tokens, rows = [], []
for number, user in enumerate(users):
    digest, token = get_digest_token("note" if number % 3 == 0 else "")
    beginning = token[:15]
    if number % 3 == 1:  # As version 4 made them.
        digest, beginning = hashlib.sha512(bytes.fromhex(token)).hexdigest(), token[:8]
    expiry = None if number % 5 == 0 else now + timedelta(hours=1 + number % 1000)
    rows.append(AuthToken(digest=digest, token_key=beginning, user=user, expiry=expiry))
    tokens.append(token)
AuthToken.objects.bulk_create(rows, batch_size=1000)
made = {"authtoken": [each.key for each in keys], "knox": tokens}
(folder / "keys.json").write_text(json.dumps(made))
"""
"""What the site had before, made by the packages themselves."""


class Whoami(APIView):
    permission_classes = (IsAuthenticated,)

    def get(self, request):
        return Response(request.user.username)


urlpatterns = [
    path(f"{name}/", Whoami.as_view(authentication_classes=(door.TokenAuthentication,)))
    for name, door in (("authtoken", authtoken), ("knox", knox))
]


@pytest.fixture
def keys(transactional_db, tmp_path, monkeypatch):
    """Those of each package, in the order of their users."""
    monkeypatch.setattr(processes, "PATIENCE", 60 + MANY / 100)
    done = on_a_database(BEFORE, str(MANY), str(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")
    yield json.loads((tmp_path / "keys.json").read_text())
    for table in ("knox_authtoken", "authtoken_token"):
        drop_table(table)
    execute("DELETE FROM django_migrations WHERE app IN ('knox', 'authtoken')")


@pytest.mark.urls(__name__)
def test_a_site_with_very_many_keys_of_both_packages_moves_in_and_every_client_is_let_in(keys, live_server):
    answers = [timed("adopt", package, *words) for package in keys for words in ((), ("--verify", "--all"), ())]

    assert [answer for answer in answers if answer.get("wrong", 0)] == []
    adopted, proved, again = zip(answers[:3], answers[3:], strict=True)
    assert [each["adopted"] for each in adopted] == [MANY, MANY]
    assert [each["same"] for each in proved] == [MANY, MANY]
    assert [each["already_here"] for each in again] == [MANY, MANY]
    assert Grant.objects.count() == 2 * MANY
    for package, made in keys.items():
        drawn, began = random.sample(range(MANY), SAMPLE), time.perf_counter()
        let_in = [asked(f"{live_server.url}/{package}/", made[number]) for number in drawn]
        assert let_in == [f"user-{number}" for number in drawn]
        say(f"{package}: {SAMPLE} clients were let in within {time.perf_counter() - began:.1f} s")


MEASURED = f"""
import time
from pathlib import Path
{MANAGE}
status = Path("/proc/self/status")  # On Linux. Elsewhere nothing is told of memory.
told = [line.split() for line in status.read_text().splitlines()] if status.exists() else []
most = next((f"{{int(words[1]) // 1024}} MiB" for words in told if words[0] == "VmHWM:"), "memory unknown")
print(f"{{time.process_time():.1f}} s of CPU, {{most}}", file=sys.stderr)
"""


def timed(*words):
    """What the command, in a process of its own, said in JSON."""
    began = time.perf_counter()
    done = on_a_database(MEASURED, "tessera", *words, "--json")
    say(f"{' '.join(words)}: {time.perf_counter() - began:.1f} s, {done.stderr.strip()}: {done.stdout.strip()}")
    assert done.returncode == 0
    return json.loads(done.stdout)


def say(what):
    sys.stdout.write(f"{connection.vendor}: {what}\n")


def asked(url, key):
    """Whom the door lets in with it: an answer other than 200 raises."""
    with urlopen(Request(url, headers={"Authorization": f"Token {key}"})) as answer:
        return json.loads(answer.read())
