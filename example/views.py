"""Albums and tracks, to list, read, add, change and delete.

Nothing here speaks of tokens. `TokenAuthentication` in the settings has put the user on the request before a view runs,
and the permissions decide what that user may do.
"""

from rest_framework.permissions import IsAuthenticatedOrReadOnly
from rest_framework.serializers import BaseSerializer
from rest_framework.viewsets import ModelViewSet

from example.models import Album, Track
from example.permissions import IsOwnerOrReadOnly
from example.serializers import AlbumSerializer, TrackSerializer


class OwnedViewSet(ModelViewSet):
    """Rows that belong to whoever added them."""

    # The first answers 401 to a stranger who wants to write, the second 403 to a user who is not the owner.
    permission_classes = [IsAuthenticatedOrReadOnly, IsOwnerOrReadOnly]
    # With a dot in it too, what is no id comes here: the 404 is JSON, and no page of Django's.
    lookup_value_regex = "[^/]+"

    def perform_create(self, serializer: BaseSerializer) -> None:
        serializer.save(owner=self.request.user)


class AlbumViewSet(OwnedViewSet):
    """Albums."""

    queryset = Album.objects.select_related("owner")
    serializer_class = AlbumSerializer


class TrackViewSet(OwnedViewSet):
    """Tracks, each on an album or on its own."""

    queryset = Track.objects.select_related("owner")
    serializer_class = TrackSerializer
