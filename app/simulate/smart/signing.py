"""The authorization server's own keys, and the check of what an app has signed.

*Source*: RFC 7515, 7518; OpenID Connect Core 1.0, 2; SMART App Launch 2.2, Client Authentication: Asymmetric.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from app.simulate.keys import P384_BYTES, Key, public_jwk
from app.simulate.wire import compact, decoded, read_json

RSA_BITS = 2048
CLIENT_ALGORITHMS = frozenset({"RS384", "ES384"})


@dataclass(frozen=True, slots=True)
class Signer:
    """One RSA key for RS256, one P-384 key for ES384; `stranger` is published nowhere."""

    rsa_key: rsa.RSAPrivateKey
    ec_key: Key
    stranger: rsa.RSAPrivateKey

    @property
    def jwks(self) -> dict[str, Any]:
        return {"keys": [public_jwk(self.rsa_key) | {"alg": "RS256"}, self.ec_key.public_jwk]}

    def rs256(self, claims: Mapping[str, Any], *, by_stranger: bool = False) -> str:
        head = {"typ": "JWT", "alg": "RS256", "kid": public_jwk(self.rsa_key)["kid"]}
        private = self.stranger if by_stranger else self.rsa_key
        return compact(head, claims, lambda signed: private.sign(signed, padding.PKCS1v15(), hashes.SHA256()))

    def es384(self, claims: Mapping[str, Any], kind: str = "JWT") -> str:
        return compact({"typ": kind, "alg": "ES384", "kid": self.ec_key.public_jwk["kid"]}, claims, self.ec_key.sign)

    def hs256(self, claims: Mapping[str, Any]) -> str:
        """The old confusion: the public key taken as a shared secret."""
        public = self.rsa_key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        head = {"typ": "JWT", "alg": "HS256", "kid": public_jwk(self.rsa_key)["kid"]}
        return compact(head, claims, lambda signed: hmac.digest(public, signed, sha256))


def new_signer() -> Signer:
    private = ec.generate_private_key(ec.SECP384R1())
    first, second = (rsa.generate_private_key(65537, RSA_BITS) for _ in range(2))
    return Signer(first, Key(private, public_jwk(private)), second)


def signed_claims(text: str, jwks: str | bytes) -> dict[str, Any] | None:
    """The claims of a JWT that one key of the set has signed with RS384 or ES384; else None."""
    try:
        head_text, claims_text, signature = text.split(".")
        head, claims = read_json(decoded(head_text)), read_json(decoded(claims_text))
        keys = [key for key in read_json(jwks)["keys"] if key.get("kid") == head["kid"]]
        if head.get("typ") != "JWT" or head["alg"] not in CLIENT_ALGORITHMS or len(keys) != 1 or "crit" in head:
            return None
        _verify(keys[0], head["alg"], f"{head_text}.{claims_text}".encode(), decoded(signature))
    except (InvalidSignature, KeyError, TypeError, ValueError, AttributeError):
        return None
    return claims if isinstance(claims, dict) else None


def _verify(key: Mapping[str, str], algorithm: str, signed: bytes, signature: bytes) -> None:
    """Raises InvalidSignature, or what a broken key raises."""
    if algorithm == "ES384":
        point = ec.EllipticCurvePublicNumbers(_number(key["x"]), _number(key["y"]), ec.SECP384R1())
        if key["kty"] != "EC" or len(signature) != 2 * P384_BYTES:
            raise InvalidSignature
        r, s = (int.from_bytes(half) for half in (signature[:P384_BYTES], signature[P384_BYTES:]))
        point.public_key().verify(encode_dss_signature(r, s), signed, ec.ECDSA(hashes.SHA384()))
        return
    numbers = rsa.RSAPublicNumbers(_number(key["e"]), _number(key["n"]))
    numbers.public_key().verify(signature, signed, padding.PKCS1v15(), hashes.SHA384())


def _number(text: str) -> int:
    return int.from_bytes(decoded(text))
