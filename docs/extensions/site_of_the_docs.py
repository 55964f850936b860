"""The smallest site that imports everything that the documentation shows."""

INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "rest_framework", "tessera"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
SECRET_KEY = "only ever used to build the documentation"
USE_TZ = True
