"""The signal of the peer. `tessera.signals` has those that tell of everything else."""

from django.dispatch import Signal

token_expired = Signal()
"""A token was refused because its end has come. The sender is the authentication class, `username` is its user's, and
`source` is "auth_token". It is sent each time that the token is presented: nothing is deleted for it, so it comes back.
Of tokens that nobody presents, nothing is told, so `source` is never "other_token"."""
