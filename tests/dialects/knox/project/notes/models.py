import logging

from django.conf import settings
from django.db import models
from django.dispatch import receiver
from knox.signals import token_expired

logger = logging.getLogger(__name__)


class Note(models.Model):
    text = models.CharField(max_length=500)
    writer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notes")

    def __str__(self):
        return self.text


@receiver(token_expired)
def tell_of_expired_tokens(sender, username, source, **kwargs):
    logger.info("A token of %s has expired (%s).", username, source)
