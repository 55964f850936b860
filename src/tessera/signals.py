"""The signals that a site's receivers can connect to. The sender is `Grant`, and no secret is ever sent.

A receiver that raises is logged by Django, and changes nothing of what happened. Within a transaction of yours, signals
are sent before it commits: if it is rolled back, what was told has not happened. What a receiver writes into the same
database is then rolled back, too; what it does elsewhere should wait for `transaction.on_commit`. `redeem` refuses to
run in a transaction, so what `token_refreshed` and `reuse_detected` tell has happened.
"""

from django.dispatch import Signal

token_issued = Signal()
"""`grant` was issued, or one key was adopted."""

token_refreshed = Signal()
"""The refresh token of `grant` was traded for the next pair. It is not sent where the same pair is told again."""

token_replaced = Signal()
"""The secret of `grant` was replaced: the one before is refused from now on."""

token_revoked = Signal()
"""Grants were revoked, as many as `ended`, for `reason`: those with the `grant_ids`, or, if that is empty, all of
the user `subject_id`. Unless `client` is `None`, only those of that client. Unless `kept` is `None`, all but that.
`subject_id` stands beside `grant_ids` where it was known: after a reuse, where a limit was reached, and where
its user ended it."""

reuse_detected = Signal()
"""A refresh token that had been traded came back, so the grant `grant_id` of `subject_id` has ended: it, or what it was
traded for, is in the wrong hands. `reason` says how that shows: `tessera.engine.rotation.Reuse`. Tell the user."""

token_refused = Signal()
"""A token that was minted here was refused. `error`, of `tessera.errors`, says why; `grant_id` names its grant."""

login_failed = Signal()
"""A log-in at an endpoint of ours failed. `reason` is a `tessera.drf.login.Failure`: "credentials", "inactive", or
"too_many". Of attempts that come too fast the first is told, and no other until the wait is over, because a stranger
can send any number. `request` is Django's, or `None`; its body holds what was typed. The name is not told: whoever is
in the wrong field types a password there. Django's own `user_login_failed` has it, and is sent as well, unless the
password was not looked at."""
