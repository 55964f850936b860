"""The keys that sign JWTs: made, read, published, sealed (RFC 7517, RFC 7518 §6, RFC 8037).

The algorithm belongs to the key. Nothing that a token says chooses another.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey, thumbprint

SHORTEST_SECRET = 32
"""Bytes: as many as HMAC-SHA-256 answers (RFC 7518 §3.2)."""

SHORTEST_RSA = 2048
"""Bits (RFC 7518 §3.3)."""

_RSA = 3072
"""Bits of one that is made here: no less than the others, far beyond 2030."""

_SEAL = MappingProxyType({"alg": "dir", "enc": "A256GCM", "cty": "jwk+json"})
_PUBLIC = frozenset({"kty", "crv", "x", "y", "n", "e"})
_NEW_NAMES: Mapping[str | None, str] = MappingProxyType({"Ed25519": "EdDSA"})
"""RFC 9864 names it anew. A key that was made elsewhere may already say so."""

_WRONG = (ValueError, TypeError, KeyError, OverflowError, UnsupportedAlgorithm, JoseError)
"""What comes of reading what is no key. None of it is shown: it may quote the text."""

_NO_SECRET = (b"-----BEGIN", b"---- BEGIN", b"ssh-rsa ", b"ssh-dss ", b"ssh-ed25519 ", b"ecdsa-sha2-", b"sk-ssh-")
"""What the text of an asymmetric key has in it. As a secret it would let whoever has the public half sign."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key of one algorithm. Its id is its thumbprint (RFC 7638), so two servers call it the same."""

    id: str
    algorithm: str
    material: Any = field(repr=False)
    """The key as joserfc holds it."""

    @property
    def is_private(self) -> bool:
        """Whether it can sign."""
        return bool(self.material.is_private)

    @property
    def is_symmetric(self) -> bool:
        """Whether who verifies with it could sign as well. Such a key is never published."""
        return isinstance(self.material, OctKey)


def _members(data: bytes) -> dict[str, str]:
    try:
        members = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    # Of a JWK, only `key_ops` and `x5c` are no texts, and neither says what the key is.
    pairs = members.items() if isinstance(members, dict) else ()
    return {name: value for name, value in pairs if isinstance(value, str)}


def _is_secret(raw: bytes) -> bool:
    return len(raw) >= SHORTEST_SECRET and not _members(raw) and not any(sign in raw for sign in _NO_SECRET)


@dataclass(frozen=True, slots=True)
class _Form:
    """How the keys of an algorithm are made and read."""

    kind: Any
    make: Callable[[], Any]
    fits: Callable[[Any], bool]
    """Whether it may have that key, as cryptography holds it."""


_FORMS = MappingProxyType(
    {
        "EdDSA": _Form(
            OKPKey, lambda: OKPKey.generate_key("Ed25519"), lambda raw: OKPKey.import_key(raw).curve_name == "Ed25519"
        ),
        "ES256": _Form(ECKey, lambda: ECKey.generate_key("P-256"), lambda raw: bool(raw.curve.name == "secp256r1")),
        "RS256": _Form(RSAKey, lambda: RSAKey.generate_key(_RSA), lambda raw: bool(raw.key_size >= SHORTEST_RSA)),
        "HS256": _Form(OctKey, lambda: OctKey.generate_key(256), _is_secret),
    }
)
ALGORITHMS = tuple(_FORMS)


def generate(algorithm: str) -> Key:
    """Make a new key. One whose id a command would take for an option is thrown away."""
    while (key := _key(algorithm, _FORMS[algorithm].make())).id.startswith("-"):
        pass
    return key


def load(text: str | bytes, algorithm: str | None = None) -> Key:
    """Return the key that is written as PEM or as JWK, or, if `algorithm` is HS256, the secret.

    With `algorithm`, a key of any other is refused. The error shows nothing of the text.

    Raises:
        ValueError: it is no such key, or too weak a one.
    """
    data = text.encode() if isinstance(text, str) else text
    readings = _readings(data, algorithm)
    for name, read in readings.items():
        if algorithm in {None, name}:
            try:
                raw = read()
                if _FORMS[name].fits(raw):
                    return _key(name, _FORMS[name].kind.import_key(raw))
            except _WRONG:
                continue
    raise ValueError(f"This is no key for {algorithm or ', '.join(ALGORITHMS)}, or too weak a one.")


def public(key: Key) -> dict[str, str]:
    """Return the half that anybody may see, as a JWK (RFC 7517 §4).

    Raises:
        ValueError: it is symmetric, and has none.
    """
    if key.is_symmetric:
        raise ValueError("A symmetric key has no public half.")
    # What is not known to be public is not let out, whatever else the library may come to have.
    shown = {name: value for name, value in key.material.as_dict(private=False).items() if name in _PUBLIC}
    return {**shown, "kid": key.id, "alg": key.algorithm, "use": "sig"}


def without_private(key: Key) -> Key:
    """Return the key as it verifies and cannot sign. A symmetric one stays as it is."""
    return key if key.is_symmetric else _key(key.algorithm, type(key.material).import_key(key.material.public_key))


def sealed(key: Key, secret: bytes) -> str:
    """Return the key encrypted under 32 bytes (RFC 7516). Whoever does not have them can neither read nor make one."""
    members = {**key.material.as_dict(private=key.is_private), "alg": key.algorithm}
    return jwe.encrypt_compact(dict(_SEAL), json.dumps(members), OctKey.import_key(secret))


def opened(text: str, secret: bytes) -> Key:
    """Return the key that was sealed under these 32 bytes.

    Raises:
        ValueError: it was sealed under others, or has been changed.
    """
    try:
        box = jwe.decrypt_compact(text, OctKey.import_key(secret), algorithms=[_SEAL["alg"], _SEAL["enc"]])
    except _WRONG:
        raise ValueError("This was not sealed under that secret.") from None
    return load(box.plaintext or b"")


def _key(algorithm: str, material: Any) -> Key:
    return Key(thumbprint(material.as_dict(private=False)), algorithm, material)


def _readings(data: bytes, algorithm: str | None) -> Mapping[str, Callable[[], Any]]:
    """For each algorithm that the key may be of by the look of it, what reads it."""
    if data.lstrip()[:1] == b"{":
        members = _members(data)
        wanted = members.get("alg")
        return {
            name: partial(form.kind.binding.import_from_dict, members)
            for name, form in _FORMS.items()
            if members.get("kty") == form.kind.key_type
            and _NEW_NAMES.get(wanted, wanted) in {None, name}
            and members.get("use", "sig") == "sig"
        }
    if b"-----BEGIN" in data:
        return {
            name: partial(form.kind.binding.import_from_bytes, data.strip())
            for name, form in _FORMS.items()
            if form.kind is not OctKey
        }
    # No text is taken for a secret unasked: it may be what a variable that was to hold a key has instead.
    return {"HS256": lambda: data} if algorithm == "HS256" else {}
