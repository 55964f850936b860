"""The peer's serializer of a user: the name alone. `REST_KNOX["USER_SERIALIZER"]` may name it."""

from typing import Any

from django.contrib.auth import get_user_model
from rest_framework import serializers


class UserSerializer(serializers.ModelSerializer[Any]):
    """The name of a user."""

    class Meta:
        model = get_user_model()
        fields = (model.USERNAME_FIELD,)
