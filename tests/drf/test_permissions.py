"""HasScope: what a token may be used for, in any view of a site."""

from typing import Any

import pytest
from django.urls import path
from rest_framework.authentication import BaseAuthentication, BasicAuthentication, SessionAuthentication
from rest_framework.decorators import action, api_view, authentication_classes, permission_classes
from rest_framework.permissions import BasePermission, IsAdminUser, IsAuthenticatedOrReadOnly
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import ViewSet

from tessera import Kind
from tessera.dialects import authtoken
from tessera.drf import HasScope, TokenAuthentication
from tessera.errors import InvalidScope
from tests.credentials import bearing

READ, WRITE = frozenset({"tracks:read"}), frozenset({"tracks:write"})
CHALLENGE = 'Bearer realm="api", error="insufficient_scope", scope="{}"'
REFUSED = {"detail": "This takes a token with the scope tracks:write."}


class Foreign(BaseAuthentication):
    """Another package's. What it makes of its token is told by the request."""

    made: dict[str, Any] = {
        "nothing of scopes": object(),
        "a scope in text": type("Auth", (), {"scope": "profile tracks:write"})(),
        "a scope that is none": type("Auth", (), {"scope": 7})(),
        "no text at all": "tracks:write",
    }

    def authenticate(self, request):
        user, told = request._request.user, request.headers.get("X-Foreign")
        return (user, self.made[told]) if told else None


class Door(APIView):
    """Opened by any of them."""

    authentication_classes = [TokenAuthentication, Foreign, SessionAuthentication, BasicAuthentication]
    permission_classes = [HasScope("tracks:write")]

    def get(self, request):
        return Response({"user": str(request.user)})

    post = get


class ReadOnly(BasePermission):
    """What is for everybody."""

    def has_permission(self, request, view):
        return request.method == "GET"


class Tracks(ViewSet):
    """Two doors in one."""

    authentication_classes = [TokenAuthentication]
    permission_classes = [HasScope("tracks:read")]

    def list(self, request):
        return Response([])

    @action(detail=False, permission_classes=[HasScope("tracks:write")])
    def purge(self, request):
        return Response([])


@api_view(["GET"])
@authentication_classes([TokenAuthentication])
@permission_classes([HasScope("tracks:read", "tracks:write")])
def both(request):
    return Response({"user": str(request.user)})


def door(name, **attributes):
    return path(f"{name}/", Door.as_view(**attributes))


urlpatterns = [
    door("write"),
    door("dialect", authentication_classes=[authtoken.TokenAuthentication]),
    door("each", permission_classes=[HasScope(read="tracks:read", write="tracks:write")]),
    door("open", permission_classes=[HasScope(read=None, write="tracks:write")]),
    door("closed", permission_classes=[HasScope(read="tracks:read", write=None)]),
    door("or", permission_classes=[HasScope("tracks:write") | IsAdminUser]),
    door("or-on-the-right", permission_classes=[IsAdminUser | HasScope("tracks:write")]),
    door("and", permission_classes=[IsAuthenticatedOrReadOnly & HasScope("tracks:write")]),
    door("not", permission_classes=[~HasScope("tracks:write")]),
    door("readers", permission_classes=[ReadOnly | HasScope("tracks:write")]),
    path("both/", both),
    path("tracks/", Tracks.as_view({"get": "list"})),
    path("purge/", Tracks.as_view({"get": "purge"}, **Tracks.purge.kwargs)),
]
pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__), pytest.mark.usefixtures("scopes")]


def told(answer):
    return answer.status_code, answer.get("WWW-Authenticate")


def insufficient(scope):
    return 403, CHALLENGE.format(scope)


@pytest.mark.parametrize("door", ["write", "dialect"])
@pytest.mark.parametrize("kind", [Kind.PERSONAL, Kind.SIGN_IN, Kind.MACHINE])
def test_a_token_with_the_scope_is_let_in_by_one_query(client, hand_out, django_assert_num_queries, door, kind):
    token = hand_out(scope=READ | WRITE, kind=kind).secret
    client.get(f"/{door}/", headers=bearing(token))  # The first use is written down.

    with django_assert_num_queries(1):
        answer = client.get(f"/{door}/", headers=bearing(token))

    assert (answer.status_code, answer.json(), answer.get("WWW-Authenticate")) == (200, {"user": "ada"}, None)


@pytest.mark.parametrize("door", ["write", "dialect"])
@pytest.mark.parametrize("scope", [READ, frozenset(), frozenset({"tokens"})])
def test_a_token_without_it_is_told_what_it_takes(client, hand_out, door, scope):
    answer = client.post(f"/{door}/", headers=bearing(hand_out(scope=scope).secret))

    assert (*told(answer), answer.json()) == (*insufficient("tracks:write"), REFUSED)


def test_nobodys_machine_is_let_in_by_its_scope_alone(client, hand_out):
    machines = [hand_out(subject=None, kind=Kind.MACHINE, scope=scope).secret for scope in (WRITE, READ)]

    answers = [client.get("/write/", headers=bearing(machine)) for machine in machines]

    assert [told(answer) for answer in answers] == [(200, None), insufficient("tracks:write")]


def test_a_person_in_a_session_is_let_in(client, user):
    client.force_login(user)

    assert told(client.get("/write/")) == (200, None)


def test_and_so_is_one_who_says_his_password(client, user):
    answer = client.get("/write/", headers={"Authorization": "Basic YWRhOmxvdmVsYWNlLTE4NDM="})

    assert told(answer) == (200, None)


@pytest.mark.parametrize("door", ["write", "each", "or", "and"])
def test_a_stranger_is_asked_who_he_is_and_not_for_a_scope(client, door):
    assert told(client.post(f"/{door}/")) == (401, 'Bearer realm="api"')


def test_a_dead_token_is_told_as_ever(client):
    answer = client.post("/write/", headers=bearing("zzz"))

    assert told(answer) == (401, 'Bearer realm="api", error="invalid_token"')


@pytest.mark.parametrize(
    ("made", "answer"),
    [
        ("nothing of scopes", insufficient("tracks:write")),
        ("a scope in text", (200, None)),
        ("a scope that is none", insufficient("tracks:write")),
        ("no text at all", insufficient("tracks:write")),
    ],
)
def test_the_token_of_another_package_is_let_in_by_its_scope(client, user, made, answer):
    client.force_login(user)

    assert told(client.get("/write/", headers={"X-Foreign": made})) == answer


@pytest.mark.parametrize(
    ("scope", "reading", "writing"),
    [
        (READ, (200, None), insufficient("tracks:write")),
        (WRITE, insufficient("tracks:read"), (200, None)),
        (READ | WRITE, (200, None), (200, None)),
    ],
)
def test_reading_and_writing_may_take_a_scope_each(client, hand_out, scope, reading, writing):
    headers = bearing(hand_out(scope=scope).secret)

    answers = [told(ask("/each/", headers=headers)) for ask in (client.get, client.head, client.options, client.post)]

    assert answers == [reading, reading, reading, writing]


def test_what_is_for_everybody_takes_no_scope(client, hand_out):
    headers = bearing(hand_out(scope=frozenset()).secret)

    assert [told(client.get("/open/")), told(client.get("/open/", headers=headers))] == [(200, None)] * 2
    assert [told(client.post("/open/")), told(client.post("/open/", headers=headers))] == [
        (401, 'Bearer realm="api"'),
        insufficient("tracks:write"),
    ]
    assert told(client.post("/closed/")) == (200, None)


@pytest.mark.parametrize("held", [frozenset(), READ, WRITE])
def test_of_several_words_each_is_needed(client, hand_out, held):
    answers = [client.get("/both/", headers=bearing(hand_out(scope=scope).secret)) for scope in (held, READ | WRITE)]

    assert [told(answer) for answer in answers] == [insufficient("tracks:read tracks:write"), (200, None)]


def test_an_action_of_a_viewset_may_take_another(client, hand_out):
    headers = bearing(hand_out(scope=READ).secret)

    answers = [told(client.get(f"/{door}/", headers=headers)) for door in ("tracks", "purge")]

    assert answers == [(200, None), insufficient("tracks:write")]


def envelope(error, context):
    return Response({"errors": [str(error)]}, status=getattr(error, "status_code", 500))


def hidden(error, context):
    return Response(status=404)


@pytest.mark.parametrize(
    ("handler", "answer"),
    [
        pytest.param("rest_framework.views.exception_handler", insufficient("tracks:write"), id="REST framework's own"),
        pytest.param(f"{__name__}.envelope", insufficient("tracks:write"), id="one that forgets the headers"),
        pytest.param(f"{__name__}.hidden", (404, None), id="one that says there is nothing"),
    ],
)
@pytest.mark.parametrize("door", ["write", "or"])
def test_the_challenge_does_not_hang_on_the_exception_handler(settings, client, hand_out, door, handler, answer):
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "EXCEPTION_HANDLER": handler}

    assert told(client.get(f"/{door}/", headers=bearing(hand_out(scope=READ).secret))) == answer


def code_of(error, context):
    return Response({"code": error.get_codes()}, status=error.status_code)


def test_an_exception_handler_learns_the_code(settings, client, hand_out):
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "EXCEPTION_HANDLER": f"{__name__}.code_of"}

    answer = client.get("/write/", headers=bearing(hand_out(scope=READ).secret))

    assert answer.json() == {"code": "insufficient_scope"}


REFUSED_HERE, LET_IN = insufficient("tracks:write"), (200, None)


@pytest.mark.parametrize(
    ("door", "reader", "writer", "admin"),
    [
        ("or", REFUSED_HERE, LET_IN, LET_IN),
        ("or-on-the-right", REFUSED_HERE, LET_IN, LET_IN),
        ("and", REFUSED_HERE, LET_IN, REFUSED_HERE),
        ("not", LET_IN, (403, None), LET_IN),
        ("readers", LET_IN, LET_IN, LET_IN),
    ],
)
def test_it_combines_with_other_permissions(client, hand_out, user, door, reader, writer, admin):
    tokens = [hand_out(scope=scope).secret for scope in (READ, WRITE)]

    answers = [told(client.get(f"/{door}/", headers=bearing(token))) for token in tokens]
    type(user).objects.update(is_staff=True)
    answers.append(told(client.get(f"/{door}/", headers=bearing(tokens[0]))))

    assert answers == [reader, writer, admin]


@pytest.mark.parametrize("accept", ["application/json", "text/html"])
def test_a_page_that_lists_what_may_be_done_has_no_challenge(client, hand_out, accept):
    headers = {**bearing(hand_out(scope=READ).secret), "Accept": accept}

    answers = [client.get("/each/", headers=headers), client.options("/each/", headers=headers)]

    assert [told(answer) for answer in answers] == [(200, None)] * 2


def test_it_is_told_for_each_request_anew(client, hand_out):
    reader, writer = (bearing(hand_out(scope=scope).secret) for scope in (READ, WRITE))

    answers = [client.post("/each/", headers=reader), client.get("/each/", headers=writer), client.get("/each/")]

    assert [answer.json()["detail"] for answer in answers] == [
        "This takes a token with the scope tracks:write.",
        "This takes a token with the scope tracks:read.",
        "Authentication credentials were not provided.",
    ]


@pytest.mark.parametrize(
    ("words", "each", "error"),
    [
        pytest.param((), {}, TypeError, id="no word"),
        pytest.param(("tracks:read",), {"read": "tracks:read", "write": None}, TypeError, id="both forms"),
        pytest.param((), {"write": "tracks:write"}, TypeError, id="nothing said of reading"),
        pytest.param((), {"read": None, "write": None, "delete": None}, TypeError, id="another way"),
        pytest.param(("tracks:read tracks:write",), {}, InvalidScope, id="two words in one"),
        pytest.param(('"',), {}, InvalidScope, id="what would end the quotes of the challenge"),
        pytest.param((), {"read": "", "write": None}, InvalidScope, id="an empty word"),
    ],
)
def test_one_that_makes_no_sense_fails_where_it_is_written(words, each, error):
    with pytest.raises(error):
        HasScope(*words, **each)
