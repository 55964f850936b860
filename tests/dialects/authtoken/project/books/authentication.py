from datetime import timedelta

from django.utils import timezone
from rest_framework.authentication import TokenAuthentication
from rest_framework.exceptions import AuthenticationFailed


class BearerAuthentication(TokenAuthentication):
    keyword = "Bearer"


class ExpiringAuthentication(TokenAuthentication):
    """A key that is older than a year is deleted."""

    def authenticate_credentials(self, key):
        user, token = super().authenticate_credentials(key)
        if token.created < timezone.now() - timedelta(days=365):
            token.delete()
            raise AuthenticationFailed("This key has expired.")
        return user, token
