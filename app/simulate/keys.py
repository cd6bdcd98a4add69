"""The EHR's key: made once and kept in a file, its public half as a JWKS beside it, assertions signed with it.

*Source*: SMART App Launch 2.2, Client Authentication: Asymmetric; RFC 7515, 7517, 7518, 7523.
"""

import json
import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from app.simulate.wire import compact, encoded

ASSERTION_LIFE_S = 240
P384_BYTES = 48


class KeyProblem(Exception):
    """The key file cannot be used; the text says why."""


@dataclass(frozen=True, slots=True)
class Key:
    """A private key with the name and algorithm that a verifier looks for."""

    private: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
    public_jwk: dict[str, str]

    @property
    def jwks(self) -> str:
        """The key set to register."""
        return json.dumps({"keys": [self.public_jwk]}, indent=1)

    def assertion(self, *, client_id: str, token_url: str, now_s: int, jti: str) -> str:
        """A signed statement of who we are, for one token request at `token_url`."""
        head = {"typ": "JWT", "alg": self.public_jwk["alg"], "kid": self.public_jwk["kid"]}
        claims: dict[str, Any] = {"iss": client_id, "sub": client_id, "aud": token_url, "jti": jti, "iat": now_s}
        claims["exp"] = now_s + ASSERTION_LIFE_S
        return compact(head, claims, self.sign)

    def sign(self, signed: bytes) -> bytes:
        """RS384 or ES384, as the key is."""
        if isinstance(self.private, rsa.RSAPrivateKey):
            return self.private.sign(signed, padding.PKCS1v15(), hashes.SHA384())
        r, s = decode_dss_signature(self.private.sign(signed, ec.ECDSA(hashes.SHA384())))
        return r.to_bytes(P384_BYTES) + s.to_bytes(P384_BYTES)


def read_or_make(file: Path) -> Key:
    """The key of a PEM file, made (P-384) when there is none; its JWKS is written beside it. Raises KeyProblem."""
    try:
        if not file.exists():
            _make(file)
        private = serialization.load_pem_private_key(file.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as problem:
        raise KeyProblem(f"the key file is no readable PEM private key ({type(problem).__name__})") from None
    if not isinstance(private, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise KeyProblem("the key is neither an RSA nor an elliptic curve key")
    key = Key(private, public_jwk(private))
    jwks_file(file).write_text(key.jwks, encoding="utf-8")
    return key


def jwks_file(file: Path) -> Path:
    """Where the public half of a key file lies."""
    return file.with_suffix(".jwks.json")


def _make(file: Path) -> None:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    private = ec.generate_private_key(ec.SECP384R1())
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(pem)


def public_jwk(private: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> dict[str, str]:
    """With the hash of its members as name. Raises KeyProblem for another curve than P-384."""
    jwk: dict[str, Any]
    if isinstance(private, rsa.RSAPrivateKey):
        public = private.public_key().public_numbers()
        jwk = {"kty": "RSA", "e": _number(public.e), "n": _number(public.n)}
        alg = "RS384"
    else:
        point = private.public_key().public_numbers()
        if not isinstance(point.curve, ec.SECP384R1):
            raise KeyProblem("an elliptic curve key must be on P-384")
        jwk = {"crv": "P-384", "kty": "EC", "x": _number(point.x, P384_BYTES), "y": _number(point.y, P384_BYTES)}
        alg = "ES384"
    # RFC 7638: the name of a key is the hash of its required members in order
    thumbprint = sha256(json.dumps(jwk, separators=(",", ":"), sort_keys=True).encode()).digest()
    return {**jwk, "alg": alg, "use": "sig", "kid": encoded(thumbprint)}


def _number(value: int, size: int = 0) -> str:
    return encoded(value.to_bytes(size or (value.bit_length() + 7) // 8))
