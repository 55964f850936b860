"""The keys in use. Those of the first pepper mint new tokens; all are accepted."""

from tessera import conf
from tessera.format.keys import Keys, derive


def keyring() -> tuple[Keys, ...]:
    """The keys of each pepper, in the order of the setting: the first mints."""
    realm = conf.current().REALM
    return tuple(derive(pepper, realm) for pepper in conf.peppers())
