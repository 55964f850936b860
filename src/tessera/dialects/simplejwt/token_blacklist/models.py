"""The peer's rows, where its call sites import them from."""

from tessera.dialects.simplejwt.models import BlacklistedToken, OutstandingToken

__all__ = ["BlacklistedToken", "OutstandingToken"]
