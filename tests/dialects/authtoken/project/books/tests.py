from datetime import timedelta

from django.contrib.auth.models import User
from django.core.management import call_command
from django.utils import timezone
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient, APITestCase

from books.models import Book

KEY = "2f1d7a2c3b9e4f60718293a4b5c6d7e8f9012345"


class BookTests(APITestCase):
    def setUp(self):
        self.user = User.objects.create_user("ada", "ada@example.org", "lovelace-1843")
        self.token, _ = Token.objects.get_or_create(user=self.user)
        self.client.credentials(HTTP_AUTHORIZATION="Token " + self.token.key)

    def test_every_new_user_has_a_key(self):
        self.assertEqual(Token.objects.filter(user__username="ada").exists(), True)
        self.assertEqual(self.user.auth_token.user, self.user)

    def test_a_reader_sees_his_own_books(self):
        Book.objects.create(title="Notes", reader=self.user)
        Book.objects.create(title="Others", reader=User.objects.create_user("bob"))
        self.assertEqual([book["title"] for book in self.client.get("/books/").json()], ["Notes"])

    def test_nobody_sees_books_without_a_key(self):
        self.assertEqual(APIClient().get("/books/").status_code, 401)

    def test_a_known_key(self):
        Token.objects.filter(user=self.user).delete()
        Token.objects.create(key=KEY, user=self.user)
        self.client.credentials(HTTP_AUTHORIZATION=f"Token {KEY}")
        self.assertEqual(self.client.get("/books/").status_code, 200)

    def test_log_in(self):
        answer = APIClient().post("/login/", {"username": "ada", "password": "lovelace-1843"})
        self.assertEqual(answer.json()["user_id"], self.user.pk)
        self.client.credentials(HTTP_AUTHORIZATION="Bearer " + answer.json()["token"])
        self.assertEqual(self.client.get("/me/").json()["username"], "ada")

    def test_log_out(self):
        self.assertEqual(self.client.post("/logout/").status_code, 204)
        self.assertEqual(self.client.get("/books/").status_code, 401)

    def test_forced_authentication(self):
        client = APIClient()
        client.force_authenticate(user=self.user, token=self.user.auth_token)
        self.assertEqual(client.get("/books/").status_code, 200)

    def test_the_command(self):
        call_command("drf_create_token", "ada", "--reset")
        self.assertEqual(self.client.get("/books/").status_code, 401)

    def test_a_key_is_young(self):
        self.assertLess(timezone.now() - self.token.created, timedelta(minutes=1))
