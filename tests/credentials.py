"""What a test does with a token: send it, and try whether it still opens anything."""

from tessera import Purpose, verify
from tessera.errors import InvalidCredential

DOORS = frozenset({Purpose.ACCESS, Purpose.PERSONAL, Purpose.ADOPTED})
"""What the REST doors admit."""


def bearing(secret: str) -> dict[str, str]:
    """The headers of a request that carries it."""
    return {"Authorization": f"Token {secret}"}


def opens(secret: str) -> bool:
    """Whether anybody is admitted with it."""
    try:
        verify(secret, accept=DOORS)
    except InvalidCredential:
        return False
    return True
