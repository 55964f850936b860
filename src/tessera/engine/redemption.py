"""redeem: a refresh token, traded for the next pair; and a letter, for what it promises."""

import secrets
from collections.abc import Callable, Container
from datetime import datetime, timedelta
from typing import TypeVar

from django.views.decorators.debug import sensitive_variables

from tessera import clock
from tessera.engine.issuance import Issued
from tessera.engine.letters import PROMISED, Opening
from tessera.engine.rotation import Trade
from tessera.engine.rows.lookup import find
from tessera.engine.rows.storage import refuse_transaction
from tessera.engine.verification import noting, read, refuse_ended
from tessera.errors import StoreDown, Unknown, WrongClient
from tessera.format.former import Former
from tessera.format.opaque import Opaque, Purpose, to_bytes
from tessera.models import Grant, Kind

T = TypeVar("T")

_READINGS = 5
"""A race that is lost was won by somebody whose pair the next reading finds: two do, but for a third in between."""


@sensitive_variables()
def redeem(  # noqa: PLR0913 - each is one thing that a caller may say
    secret: str | bytes | Former,
    *,
    accept: Container[Purpose],
    client: str | None = None,
    scope: frozenset[str] | None = None,
    into: Kind | None = None,
    access_lifetime: timedelta | None = None,
) -> Issued:
    """Trade a refresh token for the next pair, or a letter for a sign-in or a personal token.

    A refresh token costs a SELECT and an UPDATE.

    It can be traded once. Presenting it again ends its grant (RFC 9700 §4.14.2), unless two tabs refresh at once, or an
    answer was lost: `REUSE_WINDOW` and `RETRY_LIMIT` say how long that is believed.

    `client`, if given, must be the one that the grant was issued to. Whoever presents it for another ends nothing.

    `scope`, if given, is that of the next access token. The refresh token keeps all that the grant has (RFC 6749 §6),
    and `None` asks for that.

    `access_lifetime` is that of the next access token, where another package's setting says another than the site's
    `ACCESS_LIFETIME`.

    A letter costs a SELECT, and a transaction in which it ends and what it is traded for is made: a grant of the kind
    `into`, with its name and scope, or with `scope` of that. Of those who present it at once, one gets that and the
    others find it ended. Who accepts letters has to say `client` and `into`.

    Raises:
        Reused: it was traded before, and its grant has now ended.
        Dead: it has ended otherwise. The subclass says why: tell that to the log, never to the client.
        WrongClient: it was issued to another client.
        WrongPurpose: it is neither a refresh token nor a letter, or `accept` does not hold that purpose.
        Malformed: it was not minted here.
        InvalidScope: the grant has no such `scope`, or the pair has more that would be told again. Nothing has ended.
        NotAllowed: the policy says no, or the user has as many as he may have. Nothing has ended.
        StoreDown: the storage does not answer, or is too busy. Present the same token again.
        RuntimeError: it was called within a transaction, which could undo what it does.
    """
    now, nonce = clock.now(), secrets.token_bytes(32)
    presented = secret.secret if isinstance(secret, Former) else to_bytes(secret)
    trades: dict[Purpose, Callable[[Opaque], Trade | Opening]] = {
        Purpose.REFRESH: lambda opaque: Trade(presented, opaque, scope, now, nonce, access_lifetime)
    }
    if Purpose.LETTER in accept:
        kind = _promised(client, into)
        trades[Purpose.LETTER] = lambda opaque: Opening(opaque, scope, now, kind)
    opaque = read(secret, {purpose for purpose in trades if purpose in accept}, now)[0]
    trade = trades[opaque.purpose](opaque)
    refuse_transaction("redeem")
    return settled(opaque, client, now, trade.answer)


def settled(opaque: Opaque, client: str | None, now: datetime, answer: Callable[[Grant], T | None]) -> T:
    """What `answer` says of the live grant that the token names, read anew as often as it has changed meanwhile."""
    for _ in range(_READINGS):
        grant = find(opaque.grant_id)
        with noting(opaque.grant_id):
            if grant is None:
                raise Unknown("row")
            if client is not None and client != grant.client:
                raise WrongClient
            refuse_ended(grant, now)
            if (answered := answer(grant)) is not None:
                return answered
        # Somebody was faster: the row has another pair or fingerprint by now, or has ended.
    raise StoreDown("busy")


def _promised(client: str | None, into: Kind | None) -> Kind:
    if client is None or into is None or into not in PROMISED:
        raise TypeError(f"Who accepts letters says for which client, and into {' or '.join(sorted(PROMISED))}.")
    return into
