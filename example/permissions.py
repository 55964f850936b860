"""Who may do what, where "signed in" is not enough."""

from typing import Any

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView


class IsOwnerOrReadOnly(BasePermission):
    """Everybody may look; only the owner changes or deletes."""

    message = "This is somebody else's."

    def has_object_permission(self, request: Request, view: APIView, obj: Any) -> bool:
        return request.method in SAFE_METHODS or obj.owner_id == request.user.pk
