"""Albums and tracks, to list, read, add, change and delete.

`TokenAuthentication` in the settings has put the user on the request before a view runs. The permissions decide what
that user may do, and what of it with this token.
"""

from rest_framework.permissions import IsAuthenticatedOrReadOnly
from rest_framework.serializers import BaseSerializer
from rest_framework.viewsets import ModelViewSet

from example.models import Album, Track
from example.permissions import IsOwnerOrReadOnly
from example.serializers import AlbumSerializer, TrackSerializer
from tessera.drf import HasScope


class OwnedViewSet(ModelViewSet):
    """Rows that belong to whoever added them."""

    # With a dot in it too, what is no id comes here: the 404 is JSON, and no page of Django's.
    lookup_value_regex = "[^/]+"

    def perform_create(self, serializer: BaseSerializer) -> None:
        serializer.save(owner=self.request.user)


class AlbumViewSet(OwnedViewSet):
    """Albums."""

    # The first answers 401 to a stranger who wants to write, the second 403 to a token that may not, the third 403 to a
    # user who is not the owner. A person who has logged in by a form has no token, and may.
    permission_classes = [IsAuthenticatedOrReadOnly, HasScope(read=None, write="albums:write"), IsOwnerOrReadOnly]
    queryset = Album.objects.select_related("owner")
    serializer_class = AlbumSerializer


class TrackViewSet(OwnedViewSet):
    """Tracks, each on an album or on its own."""

    permission_classes = [IsAuthenticatedOrReadOnly, HasScope(read=None, write="tracks:write"), IsOwnerOrReadOnly]
    queryset = Track.objects.select_related("owner")
    serializer_class = TrackSerializer
