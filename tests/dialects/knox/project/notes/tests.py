from base64 import b64encode
from datetime import timedelta

from django.contrib.auth.models import User
from django.utils import timezone
from knox.models import AuthToken
from knox.settings import knox_settings
from rest_framework.test import APIClient, APITestCase

from notes.models import Note


class NoteTests(APITestCase):
    def setUp(self):
        self.user = User.objects.create_user("ada", "ada@example.org", "lovelace-1843")
        self.instance, self.token = AuthToken.objects.create(user=self.user)
        self.client.credentials(HTTP_AUTHORIZATION="Bearer " + self.token)

    def test_a_writer_sees_her_own_notes(self):
        Note.objects.create(text="Buy milk", writer=self.user)
        Note.objects.create(text="Buy tea", writer=User.objects.create_user("bob"))
        self.assertEqual([note["text"] for note in self.client.get("/api/notes/").json()], ["Buy milk"])

    def test_nobody_sees_notes_without_a_token(self):
        self.assertEqual(APIClient().get("/api/notes/").status_code, 401)

    def test_log_in_with_basic_authentication(self):
        basic = b64encode(b"ada:lovelace-1843").decode()
        answer = APIClient().post("/api/auth/login/", HTTP_AUTHORIZATION=f"Basic {basic}")
        self.assertEqual(answer.json()["user"], {"username": "ada"})
        self.client.credentials(HTTP_AUTHORIZATION="Bearer " + answer.json()["token"])
        self.assertEqual(self.client.get("/api/notes/").status_code, 200)

    def test_log_in_with_a_form(self):
        answer = APIClient().post("/api/auth/form-login/", {"username": "ada", "password": "lovelace-1843"})
        self.assertEqual(answer.json()["devices"], 2)

    def test_wrong_password(self):
        answer = APIClient().post("/api/auth/form-login/", {"username": "ada", "password": "wrong"})
        self.assertEqual(answer.status_code, 400)

    def test_a_token_lives_for_half_a_day(self):
        expected = timezone.now() + knox_settings.TOKEN_TTL
        self.assertAlmostEqual(self.instance.expiry, expected, delta=timedelta(minutes=1))

    def test_log_out(self):
        self.assertEqual(self.client.post("/api/auth/logout/").status_code, 204)
        self.assertEqual(self.client.get("/api/notes/").status_code, 401)
        self.assertEqual(AuthToken.objects.filter(user=self.user).count(), 0)

    def test_log_out_everywhere(self):
        _, other = AuthToken.objects.create(user=self.user)
        self.client.post("/api/auth/logoutall/")
        self.client.credentials(HTTP_AUTHORIZATION="Bearer " + other)
        self.assertEqual(self.client.get("/api/notes/").status_code, 401)
        self.assertEqual(self.user.auth_token_set.exists(), False)

    def test_no_more_devices_than_six(self):
        for _ in range(5):
            AuthToken.objects.create(user=self.user)
        basic = b64encode(b"ada:lovelace-1843").decode()
        answer = APIClient().post("/api/auth/login/", HTTP_AUTHORIZATION=f"Basic {basic}")
        self.assertEqual(answer.status_code, 403)

    def test_devices(self):
        self.client.post("/api/devices/")
        devices = self.client.get("/api/devices/").json()
        self.assertEqual([device["current"] for device in devices], [True, False])
        self.assertEqual(self.client.delete("/api/devices/").status_code, 204)
        self.assertEqual(self.user.auth_token_set.get().pk, self.instance.pk)

    def test_register(self):
        answer = APIClient().post("/api/register/", {"username": "bob", "password": "lovelace-1843"})
        self.client.credentials(HTTP_AUTHORIZATION="Bearer " + answer.json()["token"])
        self.assertEqual(self.client.get("/api/notes/").json(), [])

    def test_an_expired_token(self):
        _, token = AuthToken.objects.create(user=self.user, expiry=timedelta(seconds=-1))
        self.client.credentials(HTTP_AUTHORIZATION="Bearer " + token)
        self.assertEqual(self.client.get("/api/notes/").status_code, 401)
