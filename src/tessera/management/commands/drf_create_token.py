"""`manage.py drf_create_token`, as `rest_framework.authtoken` has it."""

from typing import Any

from django.core.management import BaseCommand, CommandParser
from django.db import transaction

from tessera.dialects.authtoken.tokens import CLIENT, Token
from tessera.engine.revocation import revoke
from tessera.engine.rows.storage import alias
from tessera.management.answers import refusals
from tessera.management.names import user_named


class Command(BaseCommand):
    """Print and exit as the peer does. Unlike the peer, make a new token each time, and refuse inactive users."""

    help = "Make a token for a user and print it. Each time another: the ones that the user has go on working."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the peer's arguments."""
        parser.add_argument("username", help="The user, by what is typed to log in.")
        parser.add_argument("-r", "--reset", action="store_true", help="First end the tokens that the user has.")

    def handle(self, *, username: str, reset: bool, **_: Any) -> None:
        """Make the token. With `-r`, one transaction also ends the others: no user is left without a token."""
        with refusals(), transaction.atomic(using=alias()):
            user = user_named(username, unknown="Cannot create the Token: user {} does not exist")
            if reset:
                revoke(subject=user, client=CLIENT, reason="reset")
            token = Token.objects.create(user=user)
        self.stdout.write(f"Generated token {token.key} for user {username}")
