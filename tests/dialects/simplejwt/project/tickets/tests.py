from django.contrib.auth.models import User
from django.urls import reverse
from rest_framework.test import APIClient, APITestCase
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken

from tickets.models import Ticket


class TicketTests(APITestCase):
    def setUp(self):
        self.user = User.objects.create_user(
            "ada", "ada@example.org", "lovelace-1843", first_name="Ada", last_name="Lovelace"
        )
        self.refresh = RefreshToken.for_user(self.user)
        self.sign_in(self.refresh.access_token)

    def sign_in(self, access):
        self.client.credentials(HTTP_AUTHORIZATION=f"Bearer {access}")

    def test_a_holder_sees_her_own_tickets(self):
        Ticket.objects.create(film="Metropolis", holder=self.user)
        Ticket.objects.create(film="M", holder=User.objects.create_user("bob"))
        self.assertEqual([ticket["film"] for ticket in self.client.get("/api/tickets/").json()], ["Metropolis"])

    def test_nobody_sees_tickets_without_a_token(self):
        self.assertEqual(APIClient().get("/api/tickets/").status_code, 401)

    def test_log_in(self):
        answer = APIClient().post(reverse("token_obtain_pair"), {"username": "ada", "password": "lovelace-1843"})
        self.assertEqual(answer.json()["username"], "ada")
        token = AccessToken(answer.json()["access"])
        self.assertEqual((token["user_id"], token["name"]), (str(self.user.pk), "Ada Lovelace"))
        self.user.refresh_from_db()
        self.assertIsNotNone(self.user.last_login)

    def test_the_other_word(self):
        self.client.credentials(HTTP_AUTHORIZATION=f"JWT {AccessToken.for_user(self.user)}")
        self.assertEqual(self.client.get("/api/tickets/").status_code, 200)

    def test_refresh(self):
        answer = APIClient().post(reverse("token_refresh"), {"refresh": str(self.refresh)})
        self.assertEqual(sorted(answer.json()), ["access", "refresh"])
        self.sign_in(answer.json()["access"])
        self.assertEqual(self.client.get("/api/tickets/").status_code, 200)

    def test_verify(self):
        answer = APIClient().post(reverse("token_verify"), {"token": str(self.refresh.access_token)})
        self.assertEqual((answer.status_code, answer.json()), (200, {}))

    def test_blacklist(self):
        for status in (200, 401):
            answer = APIClient().post(reverse("token_blacklist"), {"refresh": str(self.refresh)})
            self.assertEqual(answer.status_code, status)

    def test_log_out(self):
        self.assertEqual(self.client.post("/api/logout/", {"refresh": str(self.refresh)}).status_code, 205)
        answer = APIClient().post(reverse("token_refresh"), {"refresh": str(self.refresh)})
        self.assertEqual(answer.json()["code"], "token_not_valid")

    def test_log_out_everywhere(self):
        other = RefreshToken.for_user(self.user)
        self.assertEqual(OutstandingToken.objects.filter(user=self.user).count(), 2)
        self.assertEqual(self.client.post("/api/logout/all/").status_code, 205)
        self.assertEqual(BlacklistedToken.objects.filter(token__user=self.user).count(), 2)
        answer = APIClient().post(reverse("token_refresh"), {"refresh": str(other)})
        self.assertEqual(answer.status_code, 401)

    def test_register(self):
        answer = APIClient().post("/api/register/", {"username": "bob", "password": "lovelace-1843"})
        self.sign_in(answer.json()["access"])
        self.assertEqual(self.client.get("/api/me/").json(), {"username": "bob", "name": "", "type": "access"})

    def test_everybody_may_ask_who_he_is(self):
        self.assertEqual(APIClient().get("/api/me/").json(), {"username": None})
        self.client.credentials(HTTP_AUTHORIZATION="Bearer")
        self.assertEqual(self.client.get("/api/me/").json(), {"username": None})
