"""What may be imported when: Django and REST framework load a site's classes while they are half loaded themselves.

Each test has an interpreter of its own, because here it is the first import that counts.
"""

import json
import re
from pathlib import Path
from textwrap import dedent

import pytest

from tests.processes import python

PRELUDE = """
import sys
from django.conf import settings

settings.configure(
    SECRET_KEY="only for this interpreter",
    DATABASES={{"default": {{"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    INSTALLED_APPS={apps},
    REST_FRAMEWORK={rest},
)
"""
SOURCES = Path(__file__).parents[1] / "src"
APPS = ("django.contrib.contenttypes", "django.contrib.auth", "rest_framework")
AUTHENTICATORS = (
    "tessera.drf.TokenAuthentication",
    "tessera.drf.authentication.TokenAuthentication",
    "tessera.dialects.authtoken.TokenAuthentication",
    "tessera.dialects.authtoken.authentication.TokenAuthentication",
    "tessera.dialects.knox.TokenAuthentication",
    "tessera.dialects.knox.auth.TokenAuthentication",
    "tessera.dialects.simplejwt.JWTAuthentication",
    "tessera.dialects.simplejwt.JWTStatelessUserAuthentication",
    "tessera.dialects.simplejwt.authentication.JWTAuthentication",
    "tessera.dialects.simplejwt.authentication.JWTStatelessUserAuthentication",
)


def run(code, *, apps=(*APPS, "tessera"), rest=None, folder=None):
    """Run `code` in a small site, and answer what it printed as JSON."""
    return run_bare(PRELUDE.format(apps=list(apps), rest=rest or {}) + dedent(code), folder)


def run_bare(code, folder=None):
    """Run `code` in a fresh interpreter that knows us, and what lies in `folder`, and has no settings."""
    done = python("-c", dedent(code), paths=[SOURCES, *([folder] if folder else [])])
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("path", AUTHENTICATORS)
def test_an_authenticator_stands_in_the_defaults_though_views_load_first(path):
    answer = run(
        """
        import json, django
        django.setup()
        from rest_framework.views import APIView
        from tessera.drf import Endpoint
        from tessera.dialects.authtoken.urls import urlpatterns
        from tessera.dialects.knox import urls
        from tessera.dialects.simplejwt import urls
        print(json.dumps([f"{each.__module__}.{each.__name__}" for each in APIView.authentication_classes]))
        """,
        rest={"DEFAULT_AUTHENTICATION_CLASSES": [path]},
    )

    package, _, name = path.rpartition(".")
    assert [each.rpartition(".")[2] for each in answer] == [name]
    assert answer[0].startswith(package)


def test_a_permission_of_ours_stands_in_the_defaults_though_views_load_first(tmp_path):
    (tmp_path / "doors.py").write_text("from tessera.drf import HasScope\nCanRead = HasScope('tracks:read')\n")

    answer = run(
        """
        import json, django
        django.setup()
        from rest_framework.views import APIView
        print(json.dumps([sorted(each.read) for each in APIView().get_permissions()]))
        """,
        rest={"DEFAULT_PERMISSION_CLASSES": ["doors.CanRead"]},
        folder=tmp_path,
    )

    assert answer == [["tracks:read"]]


def test_every_authenticator_of_ours_is_tried_here():
    found = {
        ".".join([*path.relative_to(SOURCES).with_suffix("").parts, name])
        for path in SOURCES.rglob("*.py")
        for name in re.findall(r"^class (\w+Authentication)\(", path.read_text(), re.MULTILINE)
    }

    assert found == {path for path in AUTHENTICATORS if ".auth" in path.replace(".authtoken", "")}


@pytest.fixture
def site(tmp_path):
    """An app of a site whose models import us, as its receivers and its managers do."""
    app = tmp_path / "shop"
    app.mkdir()
    (app / "__init__.py").write_text("")
    (app / "models.py").write_text(
        dedent(
            """
            import tessera
            from django.conf import settings
            from django.db import models
            from django.db.models.signals import post_save
            from tessera import Ask, Kind, Purpose, issue, revoke, verify
            from tessera.dialects.authtoken import Token
            from tessera.models import Grant

            class Shop(models.Model):
                owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE)
                grant = models.ForeignKey(Grant, models.SET_NULL, null=True)

            def give_a_token(sender, instance, created, **_):
                if created:
                    Token.objects.create(user=instance)

            post_save.connect(give_a_token, sender=settings.AUTH_USER_MODEL)
            """
        )
    )
    return tmp_path


@pytest.mark.parametrize(
    "apps",
    [
        pytest.param((*APPS, "tessera", "shop"), id="ours first"),
        pytest.param((*APPS, "shop", "tessera"), id="the site's first"),
        pytest.param(("shop", "tessera", *APPS), id="before Django's own"),
        pytest.param(("tessera", "shop", *APPS), id="all before Django's own"),
    ],
)
def test_a_sites_models_import_us_in_any_order_of_the_apps(site, apps):
    answer = run(
        """
        import json, django
        django.setup()
        from django.contrib.auth import get_user_model
        from django.core.management import call_command
        call_command("migrate", run_syncdb=True, verbosity=0)
        ada = get_user_model().objects.create_user("ada")
        print(json.dumps([ada.tessera_grants.count(), type(ada.auth_token).__name__]))
        """,
        apps=apps,
        folder=site,
    )

    assert answer == [1, "Token"]


def test_importing_us_and_loading_our_app_needs_no_extra():
    answer = run(
        """
        import json, django, tessera
        for name in ("drf_spectacular", "psycopg", "psycopg2", "redis", "valkey"):
            sys.modules[name] = None  # whoever imports it fails
        django.setup()
        [getattr(tessera, name) for name in tessera.__all__]
        import tessera.drf.endpoint, tessera.dialects.authtoken.urls, tessera.engine.rates.attempts, tessera.testing
        print(json.dumps(sorted(name for name in sys.modules if name.partition(".")[0] in {"jwt", "cryptography"})))
        """
    )

    assert answer == []


@pytest.mark.parametrize(
    "module", ["tessera", "tessera.drf", "tessera.plain", "tessera.dialects.authtoken", "tessera.dialects.knox"]
)
def test_a_package_of_ours_loads_nothing_until_a_name_is_asked_for(module):
    answer = run(
        f"""
        import json, {module}
        print(json.dumps(sorted(name for name in sys.modules if name.startswith(("tessera", "rest_framework")))))
        """
    )

    parents = {module.rsplit(".", up)[0] for up in range(module.count(".") + 1)}
    assert set(answer) == parents


def test_the_ground_loads_no_django():
    answer = run_bare(
        """
        import json, sys
        import tessera.errors
        import tessera.format.fingerprint, tessera.format.keys, tessera.format.opaque, tessera.format.scope
        import tessera.http.address, tessera.http.carriers, tessera.http.problems
        print(json.dumps([name for name in ("django", "rest_framework") if name in sys.modules]))
        """
    )

    assert answer == []


def test_keys_that_are_to_be_published_without_the_package_that_signs_are_told_the_line_to_type():
    answer = run(
        """
        import json, sys, django
        sys.modules["cryptography"] = sys.modules["joserfc"] = None
        django.setup()
        from django.core.exceptions import ImproperlyConfigured
        from django.urls import include
        try:
            include("tessera.plain.jwks")
        except ImproperlyConfigured as error:
            print(json.dumps(str(error)))
        """
    )

    assert answer.endswith(': pip install "django-tessera[jwt]"')


def test_without_the_package_that_signs_nothing_is_signed_and_no_request_fails():
    answer = run(
        """
        import json, sys, django
        sys.modules["joserfc"] = None
        settings.TESSERA = {"ACCESS_FORMAT": "jwt"}
        settings.ROOT_URLCONF = "tessera.dialects.native.urls"
        settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
        settings.ALLOWED_HOSTS = ["testserver"]
        django.setup()
        from django.contrib.auth.models import User
        from django.core.exceptions import ImproperlyConfigured
        from django.core.management import call_command
        from django.test import Client
        from tessera import sign
        from tessera.models import Grant
        call_command("migrate", verbosity=0)
        User.objects.create_user("ada", password="lovelace-1843")
        told = Client().post("/login/", {"username": "ada", "password": "lovelace-1843"}).json()["access_token"]
        sent = [{"Authorization": f"Bearer {each}"} for each in (told, "eyJhbGciOiJFZERTQSJ9.e30.AA")]
        statuses = [Client().post("/verify/", headers=each).status_code for each in sent]
        try:
            sign(Grant.objects.get())
        except ImproperlyConfigured as error:
            cure = str(error)
        print(json.dumps([told[:5], statuses, cure]))
        """
    )

    assert answer == ["tsra_", [200, 401], 'Signing takes the package joserfc: pip install "django-tessera[jwt]"']


def test_a_site_with_opaque_tokens_loads_nothing_of_what_signs():
    answer = run(
        """
        import json, sys, django
        django.setup()
        import tessera.dialects.native.urls, tessera.drf.authentication
        from tessera import verify
        from tessera.engine import issuance, redemption, revocation
        from tessera.errors import Malformed
        for forged in ("tsra_" + "0" * 91, "eyJ", "eyJ" * 100, "x.y.z"):
            try:
                verify(forged, accept={"a"})
            except Malformed:
                continue
        print(json.dumps([name for name in sys.modules if name.startswith(("joserfc", "cryptography"))]))
        """
    )

    assert answer == []
