"""Signed tokens as a forger makes them: from a good one, with whatever he changes, under whatever key he has."""

import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from tessera import Issued
from tessera.format import jwk, jws, jwt
from tessera.format.jwk import Key
from tessera.format.opaque import to_bytes


@cache
def key_of(algorithm: str, which: str = "ours") -> Key:
    """A key. To make one of RSA takes as long as a hundred tests."""
    return jwk.generate(algorithm)


def private(key: Key) -> str:
    """What a site writes into `JWT_KEYS`."""
    return json.dumps({**key.material.as_dict(private=True), "alg": key.algorithm})


def payload(token: str | bytes) -> dict[str, Any]:
    """What a token says, proved or not."""
    return jws.claims_in(jws.parts(to_bytes(token)).payload)


def encoded(told: Any) -> bytes:
    text = told if isinstance(told, bytes) else json.dumps(told, separators=(",", ":")).encode()
    return urlsafe_b64encode(text).rstrip(b"=")


@dataclass(frozen=True)
class Forge:
    """A token that is good, taken apart, and what is needed to make others of it."""

    issued: Issued = field(repr=False)
    key: Key
    claims: Mapping[str, Any]

    @property
    def header(self) -> dict[str, Any]:
        return {"alg": self.key.algorithm, "kid": self.key.id, "typ": "at+jwt"}

    def token(self, *, header: Any = None, claims: Any = None, key: Key | None = None, signature: Any = None) -> bytes:
        """What stands in its header and its claims is changed (`...` takes a name out), or given whole, as bytes.

        `key` signs, or `signature` does, which is given what is to be signed.
        """
        parts = (_changed(self.header, header), _changed(self.claims, claims))
        told = b".".join(map(encoded, parts))
        by = key or self.key
        sign: Callable[[bytes], bytes] = signature or (
            lambda told: jwt._SIGNATURES[by.algorithm].sign(told, by.material)
        )
        return told + b"." + encoded(sign(told))


def by_secret(secret: bytes) -> Callable[[bytes], bytes]:
    """As HS256 signs with that secret, whatever it is."""
    return lambda told: hmac.digest(secret, told, "sha256")


def public_pem(forge: Forge) -> bytes:
    """What is public of the key, in the form in which most publish it."""
    pem: bytes = forge.key.material.as_pem(private=False)
    return pem


def public_jwk(forge: Forge) -> bytes:
    return json.dumps(jwk.public(forge.key)).encode()


def _changed(whole: Mapping[str, Any], change: Any) -> Any:
    if isinstance(change, bytes):
        return change
    return {name: value for name, value in {**whole, **(change or {})}.items() if value is not ...}
