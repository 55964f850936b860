"""The keys in use: those of the first pepper mint, all are understood."""

from tessera import conf
from tessera.format.keys import Keys, derive


def keyring() -> tuple[Keys, ...]:
    """One for each pepper, the newest first."""
    realm = conf.current().REALM
    return tuple(derive(pepper, realm) for pepper in conf.peppers())
