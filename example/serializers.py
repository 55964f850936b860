"""What goes out and comes in. The owner is never read from a body: the view takes it from the token."""

from datetime import timedelta
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied

from example.models import Album, Track


class AlbumSerializer(serializers.ModelSerializer):
    owner = serializers.CharField(source="owner.get_username", read_only=True)

    class Meta:
        model = Album
        fields = ["id", "name", "artist", "owner"]


class TrackSerializer(serializers.ModelSerializer):
    owner = serializers.CharField(source="owner.get_username", read_only=True)

    class Meta:
        model = Track
        fields = ["id", "title", "album", "duration", "owner"]
        extra_kwargs = {
            # Without it, an infinite number would go as far as the database, and so would 999,999,999 days.
            "album": {"pk_field": serializers.IntegerField()},
            "duration": {"min_value": timedelta(0), "max_value": timedelta(days=1)},
        }

    def validate_album(self, album: Album | None) -> Album | None:
        """A track on an album changes the album, so the album must be one's own."""
        user: Any = self.context["request"].user
        if album is not None and album.owner_id != user.pk:
            raise PermissionDenied("This album is somebody else's.")
        return album
