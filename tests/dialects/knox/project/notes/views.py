from datetime import timedelta

from django.contrib.auth import login
from knox.auth import TokenAuthentication
from knox.models import AuthToken
from knox.settings import knox_settings
from knox.views import LoginView as KnoxLoginView
from rest_framework import generics, permissions
from rest_framework.authentication import BasicAuthentication
from rest_framework.authtoken.serializers import AuthTokenSerializer
from rest_framework.response import Response
from rest_framework.views import APIView

from notes.serializers import NoteSerializer, RegisterSerializer


class LoginView(KnoxLoginView):
    """Name and password come by basic authentication."""

    authentication_classes = [BasicAuthentication]


class FormLoginView(KnoxLoginView):
    """Name and password come in the body."""

    authentication_classes = []
    permission_classes = [permissions.AllowAny]

    def get_token_ttl(self):
        if self.request.data.get("remember"):
            return timedelta(days=7)
        return super().get_token_ttl()

    def get_post_response_data(self, request, token, instance):
        data = super().get_post_response_data(request, token, instance)
        data["devices"] = request.user.auth_token_set.count()
        return data

    def post(self, request, format=None):
        serializer = AuthTokenSerializer(data=request.data, context={"request": request})
        serializer.is_valid(raise_exception=True)
        login(request, serializer.validated_data["user"])
        return super().post(request, format=None)


class RegisterView(generics.GenericAPIView):
    serializer_class = RegisterSerializer
    authentication_classes = []
    permission_classes = [permissions.AllowAny]

    def post(self, request, *args, **kwargs):
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        user = serializer.save()
        instance, token = AuthToken.objects.create(user=user)
        return Response(
            {"username": user.username, "token": token, "lives_for": str(knox_settings.TOKEN_TTL)}, status=201
        )


class DeviceList(APIView):
    """The tokens of who asks, and a token for a device that has no keyboard."""

    authentication_classes = [TokenAuthentication]
    permission_classes = [permissions.IsAuthenticated]

    def get(self, request):
        tokens = request.user.auth_token_set.order_by("created")
        return Response(
            [
                {"created": token.created, "expiry": token.expiry, "current": token == request.auth}
                for token in tokens
            ]
        )

    def post(self, request):
        _, token = AuthToken.objects.create(request.user, expiry=timedelta(days=90))
        return Response({"token": token}, status=201)

    def delete(self, request):
        request.user.auth_token_set.exclude(pk=request.auth.pk).delete()
        return Response(status=204)


class NoteList(generics.ListCreateAPIView):
    serializer_class = NoteSerializer

    def get_queryset(self):
        return self.request.user.notes.order_by("pk")

    def perform_create(self, serializer):
        serializer.save(writer=self.request.user)
