"""A site that has REST framework among its packages, because we need it, and uses none of it."""

from tests.test_imports import run

APPS = ("django.contrib.contenttypes", "django.contrib.auth", "tessera")


def test_views_are_opened_by_a_token_where_rest_framework_is_no_app():
    answer = run(
        """
        import json, django
        django.setup()
        from django.contrib.auth import get_user_model
        from django.core.checks import run_checks
        from django.core.management import call_command
        from django.http import JsonResponse
        from django.test import Client
        from django.urls import path
        from tessera import Ask, issue
        from tessera.plain import token_required

        settings.ROOT_URLCONF = "__main__"
        settings.ALLOWED_HOSTS = ["testserver"]
        call_command("migrate", verbosity=0)
        issued = issue(Ask(subject=get_user_model().objects.create_user("ada")))

        @token_required
        def whoami(request):
            return JsonResponse({"user": str(request.user)})

        urlpatterns = [path("whoami/", whoami)]
        said = [message.id for message in run_checks()]
        client = Client()
        opened = client.get("/whoami/", headers={"Authorization": f"Bearer {issued.secret}"})
        refused = client.get("/whoami/", headers={"Authorization": "Bearer zzz"})
        print(json.dumps([said, opened.json(), refused.status_code, refused["WWW-Authenticate"]]))
        """,
        apps=APPS,
    )

    assert answer == [[], {"user": "ada"}, 401, 'Bearer realm="api", error="invalid_token"']


def test_the_door_loads_nothing_of_it():
    answer = run(
        """
        import json, django
        django.setup()
        before = set(sys.modules)
        import tessera.plain.decorators
        print(json.dumps(sorted(name for name in set(sys.modules) - before if name.startswith("rest_framework"))))
        """,
        apps=APPS,
    )

    assert answer == []
