"""Albums and tracks. Each belongs to the user who added it."""

from django.conf import settings
from django.db import models


class Album(models.Model):
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="albums")
    name = models.CharField(max_length=100)
    artist = models.CharField(max_length=100)

    class Meta:
        ordering = ["id"]  # Pages need an order, or a row could show up on two of them.

    def __str__(self) -> str:
        return self.name


class Track(models.Model):
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="tracks")
    album = models.ForeignKey(Album, on_delete=models.SET_NULL, null=True, blank=True, related_name="tracks")
    title = models.CharField(max_length=100)
    duration = models.DurationField(null=True, blank=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.title
