"""The keys in use. Those of the first pepper mint new tokens; all are accepted."""

from functools import lru_cache

from tessera import conf
from tessera.format.keys import Keys, derive


def keyring() -> tuple[Keys, ...]:
    """The keys of each pepper, in the order of the setting: the first mints."""
    return _derived(conf.peppers(), conf.current().REALM)


@lru_cache(maxsize=16)
def _derived(peppers: tuple[bytes, ...], realm: str) -> tuple[Keys, ...]:
    return tuple(derive(pepper, realm) for pepper in peppers)
