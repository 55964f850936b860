"""The key with which another package signed the JWTs that a site comes with. It signs nothing any more."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from joserfc import jwa
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey, thumbprint

from tessera.errors import Malformed
from tessera.format.jwk import Key
from tessera.format.jws import Signed

SHORTEST_SECRET = 32
"""Bytes (RFC 7518 §3.2): what is shorter may be found by trying, from a single token."""

SHORTEST_RSA = 2048
"""Bits (RFC 7518 §3.3)."""


@dataclass(frozen=True, slots=True)
class _Algorithm:
    signature: Any
    key: type[Any]
    curves: frozenset[str] = frozenset()


def _curve(*names: str) -> frozenset[str]:
    return frozenset(names)


_ALGORITHMS: Mapping[str, _Algorithm] = MappingProxyType(
    {
        "HS256": _Algorithm(jwa.HMACAlgorithm(256), OctKey),
        "HS384": _Algorithm(jwa.HMACAlgorithm(384), OctKey),
        "HS512": _Algorithm(jwa.HMACAlgorithm(512), OctKey),
        "RS256": _Algorithm(jwa.RSAAlgorithm(256), RSAKey),
        "RS384": _Algorithm(jwa.RSAAlgorithm(384), RSAKey),
        "RS512": _Algorithm(jwa.RSAAlgorithm(512), RSAKey),
        "PS256": _Algorithm(jwa.RSAPSSAlgorithm(256), RSAKey),
        "PS384": _Algorithm(jwa.RSAPSSAlgorithm(384), RSAKey),
        "PS512": _Algorithm(jwa.RSAPSSAlgorithm(512), RSAKey),
        "ES256": _Algorithm(jwa.ESAlgorithm("ES256", "P-256", 256), ECKey, _curve("P-256")),
        "ES384": _Algorithm(jwa.ESAlgorithm("ES384", "P-384", 384), ECKey, _curve("P-384")),
        "ES512": _Algorithm(jwa.ESAlgorithm("ES512", "P-521", 512), ECKey, _curve("P-521")),
        "EdDSA": _Algorithm(jwa.EdDSAAlgorithm(), OKPKey, _curve("Ed25519", "Ed448")),
    }
)
ALGORITHMS = tuple(_ALGORITHMS)

_NO_SECRETS = (b"-----BEGIN ", b"---- BEGIN ", b"ssh-rsa ", b"ssh-dss ", b"ssh-ed25519 ", b"ecdsa-sha2-", b'"kty"')
"""What is found in the text of an asymmetric key. As a secret, everybody who has the public half could sign with it."""


@lru_cache(maxsize=8)
def load(text: bytes, algorithm: str) -> Key:
    """The key of a site's settings: its secret, or its public key in PEM. The errors show nothing of it.

    Raises:
        ValueError: it is none for that algorithm, or too weak a one.
    """
    of = _ALGORITHMS[algorithm]
    if of.key is OctKey:
        return _key(algorithm, _secret(text))
    try:
        material = of.key.import_key(text)
    except (JoseError, ValueError, TypeError):
        raise ValueError(f"it is no key for {algorithm}, in PEM") from None
    if of.curves and material.curve_name not in of.curves:
        raise ValueError(f"it is of another curve than that of {algorithm}")
    if of.key is RSAKey and material.raw_value.key_size < SHORTEST_RSA:
        raise ValueError(f"it has fewer than {SHORTEST_RSA} bits, so others may find it")
    return _key(algorithm, material)


def prove(signed: Signed, key: Key) -> None:
    """Compare the signature with what `key` would have signed.

    The package wrote an algorithm and a type into the header, and nothing else.

    Raises:
        Malformed: it was signed with another key, in another way, or by something else.
    """
    if signed.algorithm != key.algorithm or signed.key_id is not None or signed.type not in {"jwt", ""}:
        raise Malformed("header")
    try:
        is_right = _ALGORITHMS[key.algorithm].signature.verify(signed.told, signed.signature, key.material)
    except (JoseError, ValueError) as error:
        raise Malformed("signature") from error
    if not is_right:
        raise Malformed("signature")


def _secret(text: bytes) -> Any:
    if any(mark in text for mark in _NO_SECRETS):
        raise ValueError("it is the text of another key, and no secret")
    if len(text) < SHORTEST_SECRET:
        raise ValueError(f"it is shorter than {SHORTEST_SECRET} bytes, so others may find it")
    try:
        return OctKey.import_key(text)
    except ValueError:
        raise ValueError("it is another key, and no secret") from None


def _key(algorithm: str, material: Any) -> Key:
    return Key(thumbprint(material.as_dict(private=False)), algorithm, material)
