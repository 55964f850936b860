from django.conf import settings
from django.db import models


class Ticket(models.Model):
    film = models.CharField(max_length=200)
    holder = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="tickets")

    def __str__(self):
        return self.film
