"""`manage.py seed`: somebody to sign in as, and something to look at. Twice is as good as once."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from example.models import Album, Track

PEOPLE: dict[str, tuple[str, dict[str, bool]]] = {
    "ada": ("lovelace-1843", {}),
    "grace": ("hopper-1906", {}),
    "admin": ("babbage-1791", {"is_staff": True, "is_superuser": True}),
}
ALBUMS = {
    "ada": ("Sketch of the Analytical Engine", "Ada Lovelace", ["Note A", "Note B", "Note C", "Note D", "Note E"]),
    "grace": ("Compilers", "Grace Hopper", ["A-0", "FLOW-MATIC", "COBOL"]),
}


class Command(BaseCommand):
    help = "Add ada, grace and admin, with albums and tracks to look at."

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError("Everybody knows these passwords, so they are for the playground only.")
        for name in PEOPLE:
            self.add_person(name)
        for name in ALBUMS:
            self.add_album(name)
        self.stdout.write(f"Seeded {', '.join(PEOPLE)}, {Album.objects.count()} albums, {Track.objects.count()} tracks")

    def add_person(self, name: str) -> None:
        password, flags = PEOPLE[name]
        user, _ = User.objects.update_or_create(username=name, defaults=flags)
        if not user.check_password(password):  # Set again, it would end the user's tokens.
            user.set_password(password)
            user.save()

    def add_album(self, owner_name: str) -> None:
        owner, (name, artist, titles) = User.objects.get(username=owner_name), ALBUMS[owner_name]
        album, _ = Album.objects.get_or_create(owner=owner, name=name, artist=artist)
        for number, title in enumerate(titles, start=1):
            length = {"duration": timedelta(minutes=2, seconds=17 * number)}
            Track.objects.get_or_create(owner=owner, album=album, title=title, defaults=length)
