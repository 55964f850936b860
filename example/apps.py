from django.apps import AppConfig


class ExampleConfig(AppConfig):
    name = "example"
    verbose_name = "Albums and tracks"
    default_auto_field = "django.db.models.BigAutoField"
