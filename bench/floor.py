"""`floor-sql`: an authenticator of which nothing more can be left out. For comparison, not for use: nothing expires.

The token is 160 bits of chance, so its plain hash may be looked up by an index. One statement finds token and user, and
neither a revoked token nor a deactivated user is found. The user is built as the ORM builds it, moments and all.
"""

import hashlib
import secrets
from functools import cache
from typing import Any

from django.contrib.auth import authenticate, get_user_model
from django.db import connection
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView


class Authentication(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[Any, None] | None:
        words = get_authorization_header(request).split()
        if len(words) != 2 or words[0].lower() != b"bearer":
            return None
        sql, names, converters = select()
        with connection.cursor() as cursor:
            cursor.execute(sql, [digest(words[1])])
            row = cursor.fetchone()
        if row is None:
            raise AuthenticationFailed
        values = list(row)
        for place, convert, expression in converters:
            values[place] = convert(values[place], expression, connection)
        return get_user_model().from_db("default", names, values), None

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class LogIn(APIView):
    authentication_classes = ()
    permission_classes = ()

    def post(self, request: Request) -> Response:
        data: Any = request.data
        user = authenticate(request._request, username=data["username"], password=data["password"])
        return Response({"token": issue(user)}) if user else Response(status=400)


@cache
def select() -> tuple[str, list[str], list[tuple[int, Any, Any]]]:
    """The statement, the user's fields, and where the backend's own value is not yet the field's."""
    model = get_user_model()
    columns = [field.get_col(model._meta.db_table) for field in model._meta.concrete_fields]
    names = [column.target.attname for column in columns]
    converters = [
        (place, convert, column)
        for place, column in enumerate(columns)
        for convert in [*connection.ops.get_db_converters(column), *column.get_db_converters(connection)]
    ]
    selected = ", ".join(f'u."{column.target.column}"' for column in columns)
    return (
        f"SELECT {selected} FROM bench_floor t JOIN auth_user u ON u.id = t.user_id "
        "WHERE t.digest = %s AND NOT t.revoked AND u.is_active",
        names,
        converters,
    )


def digest(token: bytes) -> bytes:
    return hashlib.sha256(token).digest()


def issue(user: Any) -> str:
    token = secrets.token_hex(20)
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO bench_floor VALUES (%s, %s, false)", [digest(token.encode()), user.pk])
    return token


def create_table() -> None:
    binary = "bytea" if connection.vendor == "postgresql" else "blob"
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE TABLE bench_floor (digest {binary} PRIMARY KEY, "
            "user_id integer NOT NULL REFERENCES auth_user (id), revoked boolean NOT NULL)"
        )
        cursor.execute("CREATE INDEX bench_floor_user ON bench_floor (user_id)")
