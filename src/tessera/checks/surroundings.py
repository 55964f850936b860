"""The checks of what tessera works with: the cache that counts log-ins, the databases, other apps, versions."""

from collections.abc import Collection
from functools import partial
from importlib.util import find_spec
from typing import Any

import rest_framework
from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.cache import caches
from django.core.cache.backends.base import BaseCache
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from django.core.checks import CheckMessage, Tags, register
from django.db import router
from django.utils.version import get_version_tuple

from tessera.checks.catalog import say
from tessera.checks.settings import is_right
from tessera.checks.site import attempt, tessera
from tessera.engine.rows.foreign import holds_keys, tables
from tessera.engine.rows.storage import alias
from tessera.models import Grant

OLDEST_REST_FRAMEWORK = (3, 17, 2)


@register("tessera", Tags.security, Tags.caches)
def prove_cache_counts(**_: Any) -> list[CheckMessage]:
    """The cache works, and counts two simultaneous log-in attempts as two."""
    if not is_right("THROTTLE_CACHE"):
        return []
    cache = _cache()
    if isinstance(cache, Exception):
        return [say("E019", error=type(cache).__name__)]
    if isinstance(cache, RedisCache) and find_spec("redis") is None:
        return [say("E020")]
    if type(cache).incr is BaseCache.incr:
        return [say("E021", backend=type(cache).__name__)]
    return []


@register("tessera", Tags.security, Tags.caches, deploy=True)
def prove_cache_is_shared(**_: Any) -> list[CheckMessage]:
    """All processes count log-in attempts in one cache."""
    return [say("W005")] if is_right("THROTTLE_CACHE") and isinstance(_cache(), LocMemCache) else []


@register("tessera", Tags.database)
def prove_one_database(**_: Any) -> list[CheckMessage]:
    """Grants and users are in one database, so that one statement can join them."""
    aliases = attempt(lambda: [router.db_for_write(model) for model in (Grant, get_user_model())])
    if isinstance(aliases, Exception):
        return []  # No query of the site gets past that router.
    grants, users = aliases
    return [] if grants == users else [say("E022", grants=grants, users=users)]


@register("tessera", Tags.compatibility)
def prove_rest_framework_is_new_enough(**_: Any) -> list[CheckMessage]:
    """REST framework is new enough. A site's own pins may have kept an old one."""
    version = rest_framework.VERSION
    return [] if get_version_tuple(version) >= OLDEST_REST_FRAMEWORK else [say("E023", version=version)]


@register("tessera", Tags.compatibility)
def prove_authtoken_is_ours(**_: Any) -> list[CheckMessage]:
    """`rest_framework.authtoken`, which uses the same names, is not installed beside us."""
    installed = [config.name for config in apps.get_app_configs()]
    claimants = [name for name in installed if name in {"tessera", "rest_framework.authtoken"}]
    return [say("W003", winner=claimants[0])] if len(claimants) > 1 else []


@register(Tags.database)  # Not ours as well: our commands run those, and Django 6.1 names every database to them.
def prove_no_key_is_readable(databases: Collection[str] | None = None, **_: Any) -> list[CheckMessage]:
    """No table of another package holds keys that were adopted, or could be.

    It reads the database, so it runs where Django's own checks may: in `migrate`, and in `check --database`.
    """
    if attempt(alias) not in (databases or ()):
        return []
    return [
        say("W008", table=table.name, package=package)
        for package, table in tables().items()
        if table.in_clear and attempt(partial(holds_keys, table)) is True
    ]


def _cache() -> BaseCache | Exception:
    return attempt(lambda: caches[tessera()["THROTTLE_CACHE"]])
