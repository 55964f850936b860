from rest_framework import generics
from rest_framework.authtoken.models import Token
from rest_framework.authtoken.views import ObtainAuthToken
from rest_framework.decorators import api_view, authentication_classes, permission_classes
from rest_framework.permissions import AllowAny
from rest_framework.response import Response

from books.authentication import BearerAuthentication, ExpiringAuthentication
from books.serializers import BookSerializer, RegistrationSerializer, TokenSerializer


class BookList(generics.ListCreateAPIView):
    serializer_class = BookSerializer

    def get_queryset(self):
        return self.request.user.books.order_by("pk")

    def perform_create(self, serializer):
        serializer.save(reader=self.request.user)


class LogIn(ObtainAuthToken):
    def post(self, request, *args, **kwargs):
        serializer = self.serializer_class(data=request.data, context={"request": request})
        serializer.is_valid(raise_exception=True)
        user = serializer.validated_data["user"]
        token, created = Token.objects.get_or_create(user=user)
        return Response({"token": token.key, "user_id": user.pk, "email": user.email})


@api_view(["POST"])
@permission_classes([AllowAny])
def register(request):
    serializer = RegistrationSerializer(data=request.data)
    serializer.is_valid(raise_exception=True)
    user = serializer.save()
    token, created = Token.objects.get_or_create(user=user)
    return Response({"username": user.username, "token": token.key}, status=201)


@api_view()
@authentication_classes([BearerAuthentication])
def me(request):
    return Response({"username": request.user.username, "key": request.auth.key})


@api_view(["POST"])
@authentication_classes([ExpiringAuthentication])
def new_key(request):
    request.user.auth_token.delete()
    token = Token.objects.create(user=request.user)
    return Response(TokenSerializer(token).data, status=201)


@api_view(["POST"])
def log_out(request):
    request.user.auth_token.delete()
    return Response(status=204)
