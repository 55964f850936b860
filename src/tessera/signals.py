"""What happened, told to a site's receivers. The sender is `Grant`, and no secret is ever told.

A receiver that fails is written down by Django and changes nothing of what happened. Within a transaction of yours they
are told before it commits: what must not be told too early belongs into `transaction.on_commit`.
"""

from django.dispatch import Signal

token_issued = Signal()
"""`grant` was made."""

token_replaced = Signal()
"""`grant` has another secret by now; the one before is dead."""

token_revoked = Signal()
"""`ended` grants are over, for `reason`: those with the `grant_ids`, or, where these are none, all of the user
`subject_id`; of those the ones through `client`, unless that is `None`."""

token_refused = Signal()
"""A token that was minted here opened nothing. `error` says why (a leaf of `tessera.errors`), `grant_id` names it."""
