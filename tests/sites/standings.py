"""The user whom `verify` reads is the one that the ORM reads: run in a process of its own, for each user model."""

from typing import Any

import django

django.setup()

from django.contrib.auth import get_user_model  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.utils import timezone  # noqa: E402

from tessera import Ask, clock, issue  # noqa: E402
from tessera.engine.rows.standing import Standing, standing_of  # noqa: E402
from tessera.models import Grant  # noqa: E402

User: Any = get_user_model()

MORE: dict[str, dict[str, Any]] = {
    "CharKey": {"id": "Ada's, 100%s/é"},
    "Employee": {"room": "%(row0)s"},
    "Converted": {"tags": ("100%", "%s", "é"), "likes": {"%s": ["100%", None, {"at": 1.5}]}},
    "OddColumns": {"nick": "%s", "share": "%(now)s"},
    "Hidden": {"has_left": True},
}


def main() -> None:
    call_command("migrate", verbosity=0)
    eve, ada = (
        User.objects.create_user(name, password="lovelace-1843", last_login=timezone.now(), **more)
        for name, more in (("eve@example.org", {}), ("ada@example.org", MORE.get(User.__name__, {})))
    )
    row, now = issue(Ask(subject=ada)).grant.pk, clock.now()
    issue(Ask(subject=eve))

    with CaptureQueriesContext(connection) as queries:
        standing = standing_of([row.bytes], now)
        assert standing is not None
        found = facts(standing.subject)

    read = Grant.objects.select_related("subject").get(pk=row)
    assert found == facts(read.subject), (found, facts(read.subject))
    told = {name: getattr(read, name) for name in Standing._fields if not name.startswith("is_")}
    assert standing == Standing(**told, is_live=True, is_use_due=True)
    assert (len(queries), ada.pk) == (1, read.subject_id)


def facts(user: Any) -> Any:
    """All that there is of a user, and that nothing of it is left to be read later."""
    told = {name: value for name, value in vars(user).items() if name != "_state"}
    return type(user), told, user.get_deferred_fields(), user._state.db, user._state.adding


main()
