"""An envelope: a JSON Web Token around a refresh token, for front ends that read in it when it ends and for whom it is.

It proves nothing by itself. What opens something is our own refresh token, which it has within, and its row:

    typ            rt+jwt, so that no service takes it for an access token
    jti            the row and the generation, which are no secret
    exp            the end of the grant
    refresh_token  what is traded

It needs the package joserfc, so it is imported through `entrance` alone, where that is there.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.views.decorators.debug import sensitive_variables

from tessera import clock
from tessera.engine.signing import access
from tessera.engine.signing.keys import accepted, signing_key
from tessera.errors import Malformed
from tessera.format import jws, jwt
from tessera.models import Grant

TYPE = "rt+jwt"
WITHIN = "refresh_token"
"""The claim that holds what is traded."""

OURS = access.OURS | {WITHIN}
_ROW = re.compile(r"[0-9a-f]{32}")


@sensitive_variables()
def sealed_in(grant: Grant, refresh_secret: str, claims: Mapping[str, Any], ends_at: datetime) -> str:
    """Return the refresh token of `grant` in its envelope, as `entrance.sealed_in` says."""
    now = clock.now()
    told = {
        "iss": access.issuer(),
        "exp": int(ends_at.timestamp()),
        "iat": int(now.timestamp()),
        "aud": access.audience(),
        "jti": f"{grant.pk.hex}.{grant.generation or 0}",
        "sid": grant.pk.hex,
        WITHIN: refresh_secret,
    }
    beside = {name: value for name, value in claims.items() if name not in OURS}
    return jwt.sign(beside | told, signing_key(now, ends_at), TYPE, encoder=DjangoJSONEncoder)


@sensitive_variables()
def opened(secret: bytes, now: datetime | None) -> dict[str, Any]:
    """Return what an envelope says. What is in it is not looked at. `now`: `None` if it may have expired.

    Raises:
        Malformed: it was not signed here, or not as an envelope.
        Expired: it was, and has.
    """
    signed = jws.parts(secret)
    claims = jwt.proved(signed, accepted(signed.key_id or "", now or clock.now()), TYPE)
    jwt.refuse_foreign(claims, access.issuer(), access.audience())
    if not all(isinstance(claims.get(name), str) for name in ("jti", "sid", WITHIN)) or not _ROW.fullmatch(
        claims["sid"]
    ):
        raise Malformed("claims")
    jwt.refuse_untimely(claims, now, access.leeway())
    return claims
