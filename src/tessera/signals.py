"""The signals that a site's receivers can connect to. The sender is `Grant`, and no secret is ever sent.

A receiver that raises is logged by Django, and changes nothing of what happened. Within a transaction of yours, signals
are sent before it commits: a receiver that must not act too early should use `transaction.on_commit`.
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
the user `subject_id`. Unless `client` is `None`, only those of that client. Unless `kept` is `None`, all but that."""

reuse_detected = Signal()
"""A refresh token that had been traded came back, so the grant `grant_id` of `subject_id` has ended: it, or what it was
traded for, is in the wrong hands. `reason` says how that shows: `tessera.engine.redemption.Reuse`. Tell the user."""

token_refused = Signal()
"""A token that was minted here was refused. `error`, of `tessera.errors`, says why; `grant_id` names its grant."""
