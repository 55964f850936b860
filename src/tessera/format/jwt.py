"""A JSON Web Token: signed with one of our keys, and read back (RFC 7519, RFC 8725).

The algorithm belongs to the key and not to the token. So there is none to choose, and no key is used for another.
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from joserfc import jwa
from joserfc.errors import JoseError

from tessera.errors import Expired, Malformed
from tessera.format.jwk import Key
from tessera.format.jws import LONGEST, Signed, claims_in, encoded

AHEAD = timedelta(minutes=1)
"""How far ahead the clock of the server may be that signed it. The row of a token decides, not when it was made."""

# Not by their names in joserfc's registry: that is the door through which a token chooses, and it warns of "EdDSA",
# which every reader knows, in favour of "Ed25519" (RFC 9864), which few do.
_SIGNATURES: Mapping[str, Any] = MappingProxyType(
    {
        "EdDSA": jwa.EdDSAAlgorithm(),
        "ES256": jwa.ESAlgorithm("ES256", "P-256", 256),
        "RS256": jwa.RSAAlgorithm(256),
        "HS256": jwa.HMACAlgorithm(256),
    }
)


def sign(claims: Mapping[str, Any], key: Key, typ: str, *, encoder: type[json.JSONEncoder] = json.JSONEncoder) -> str:
    """The token that says so. `encoder` writes what JSON has no word for.

    Raises:
        ValueError: a claim cannot be written, or all of them take more room than a token has.
    """
    header = {"alg": key.algorithm, "kid": key.id, "typ": typ}
    told = b".".join(encoded(_as_json(part, encoder)) for part in (header, claims))
    token = told + b"." + encoded(_SIGNATURES[key.algorithm].sign(told, key.material))
    if len(token) > LONGEST:
        raise ValueError("The claims are too long for a token.")
    return token.decode("ascii")


def proved(signed: Signed, key: Key | None, typ: str) -> dict[str, Any]:
    """What it says, if `key` has signed it, for that use.

    Raises:
        Malformed: it has not.
    """
    if signed.type != typ:
        raise Malformed("typ")
    prove(signed, key)
    return claims_in(signed.payload)


def prove(signed: Signed, key: Key | None) -> None:
    """Compare the signature with what `key` would have signed.

    Raises:
        Malformed: there is no such key, it is one for another algorithm, or the signature is wrong.
    """
    if key is None or signed.algorithm != key.algorithm:
        raise Malformed("key")
    try:
        is_right = _SIGNATURES[key.algorithm].verify(signed.told, signed.signature, key.material)
    except (JoseError, ValueError) as error:
        raise Malformed("signature") from error
    if not is_right:
        raise Malformed("signature")


def refuse_foreign(claims: Mapping[str, Any], issuer: str | None, audience: Any) -> None:
    """Refuse what another has issued, or what is meant for others (RFC 7519 §4.1.1, §4.1.3). We may be known by several
    names.

    Raises:
        Malformed: it is.
    """
    if issuer is not None and claims.get("iss") != issuer:
        raise Malformed("iss")
    told, known = claims.get("aud"), [audience] if isinstance(audience, str) else audience
    # A member, and not a part of one: in a text, Python finds "shop" in "workshop".
    if audience is not None and not any(name in (told if isinstance(told, list) else [told]) for name in known):
        raise Malformed("aud")


def refuse_untimely(claims: Mapping[str, Any], now: datetime | None, leeway: timedelta) -> None:
    """Refuse what has expired, or is not to be used yet (RFC 7519 §4.1.4 to §4.1.6). `now`: `None` if that is the same,
    as for one that is to be ended.

    Raises:
        Malformed: it has no end, or it is from the future.
        Expired: it is over.
    """
    moments = {name: claims[name] for name in ("exp", "nbf", "iat") if name in claims}
    # Whole seconds, as we write them. `True` is a number to Python, and so is what is longer than any date.
    if "exp" not in moments or not all(type(moment) is int for moment in moments.values()):
        raise Malformed("exp")
    if now is None:
        return
    seconds, allowed = now.timestamp(), leeway.total_seconds()
    if moments.get("nbf", 0) > seconds + allowed or moments.get("iat", 0) > seconds + AHEAD.total_seconds():
        raise Malformed("nbf")
    if moments["exp"] <= seconds - allowed:
        raise Expired


def _as_json(told: Mapping[str, Any], encoder: type[json.JSONEncoder]) -> bytes:
    return json.dumps(told, separators=(",", ":"), allow_nan=False, cls=encoder).encode("ascii")
