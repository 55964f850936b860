"""What a test does with a token: send it, and try whether it still opens anything."""

from tessera import Issued, Kind, Purpose, redeem, verify
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


REFRESH = frozenset({Purpose.REFRESH})

PAIR = {"kind": Kind.SIGN_IN, "may_refresh": True}
"""What is asked for a sign-in that can be refreshed."""


def traded(issued: Issued, *, client: str | None = None, scope: frozenset[str] | None = None) -> Issued:
    """The pair that its refresh token is traded for."""
    return redeem(issued.refresh_secret or "", accept=REFRESH, client=client, scope=scope)


LETTER = frozenset({Purpose.LETTER})


def redeemed(letter: Issued, into: Kind = Kind.PERSONAL, client: str = "claim") -> Issued:
    """What the letter is traded for."""
    return redeem(letter.secret, accept=LETTER, client=client, into=into)


def secrets_of(issued: Issued) -> tuple[str, str | None]:
    """Both tokens of a pair."""
    return issued.secret, issued.refresh_secret
