"""The keys in use. Those of the first pepper mint new tokens; all are accepted."""

from functools import cache

from django.core.signals import setting_changed

from tessera import conf
from tessera.format.keys import Keys, derive


@cache
def keyring() -> tuple[Keys, ...]:
    """The keys of each pepper, in the order of the setting: the first mints."""
    realm = conf.current().REALM
    return tuple(derive(pepper, realm) for pepper in conf.peppers())


def keys_named(pepper: str) -> Keys | None:
    """The keys of the pepper that a row names, if it is in use."""
    return next((keys for keys in keyring() if keys.id == pepper), None)


def _changed(*, setting: str, **_: object) -> None:
    if setting in conf.OURS:
        keyring.cache_clear()


setting_changed.connect(_changed, dispatch_uid="tessera.engine.keyring")
