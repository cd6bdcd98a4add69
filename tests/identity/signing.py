"""A client's side of the token endpoint: its keys and the assertions it signs, right or wrong in one place."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any
from uuid import uuid4

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

AUDIENCE = "http://127.0.0.1:8000/oauth/token"


@cache
def rsa_key(bits: int = 2048, number: int = 0) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


@cache
def ec_key(curve: type[ec.EllipticCurve] = ec.SECP384R1, number: int = 0) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(curve())


def text(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def integer(value: int) -> str:
    return text(value.to_bytes(max(1, (value.bit_length() + 7) // 8)))


def jwk(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, kid: str, **more: Any) -> dict[str, Any]:
    """The public half, as a client registers it."""
    if isinstance(key, rsa.RSAPrivateKey):
        numbers = key.public_key().public_numbers()
        return {"kty": "RSA", "kid": kid, "n": integer(numbers.n), "e": integer(numbers.e), **more}
    point = key.public_key().public_numbers()
    size = (key.curve.key_size + 7) // 8
    crv = {"secp384r1": "P-384", "secp256r1": "P-256"}[key.curve.name]
    return {
        "kty": "EC",
        "kid": kid,
        "crv": crv,
        "x": text(point.x.to_bytes(size)),
        "y": text(point.y.to_bytes(size)),
        **more,
    }


def jwks(*keys: Mapping[str, Any]) -> bytes:
    return json.dumps({"keys": keys}).encode()


OUR_KEYS = ("r", "e")


def our_jwks() -> bytes:
    return jwks(jwk(rsa_key(), "r", alg="RS384", use="sig", key_ops=["verify"], ext=True), jwk(ec_key(), "e"))


def claims(client_id: str, now: datetime, **changed: Any) -> dict[str, Any]:
    """Good claims with some changed; a change to None leaves the claim out."""
    good = {"iss": client_id, "sub": client_id, "aud": AUDIENCE, "exp": int(now.timestamp()) + 240, "jti": uuid4().hex}
    return {name: value for name, value in {**good, **changed}.items() if value is not None}


def sign(payload: Mapping[str, Any] | bytes, *, alg: str = "RS384", key: Any = None, **header: Any) -> str:
    """A compact JWS; header members given as None are left out. `payload` may be raw bytes, to be wrong in detail."""
    key = key or (rsa_key() if alg.startswith("RS") else ec_key())
    full = {"alg": alg, "typ": "JWT", "kid": "r" if isinstance(key, rsa.RSAPrivateKey) else "e", **header}
    head = json.dumps({name: value for name, value in full.items() if value is not None}).encode()
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    signing_input = f"{text(head)}.{text(body)}"
    return f"{signing_input}.{text(_signature(signing_input.encode(), alg, key))}"


def _signature(data: bytes, alg: str, key: Any) -> bytes:
    digest = hashes.SHA256() if alg.endswith("256") else hashes.SHA384()
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(data, padding.PKCS1v15(), digest)
    r, s = decode_dss_signature(key.sign(data, ec.ECDSA(digest)))
    size = (key.curve.key_size + 7) // 8
    return r.to_bytes(size) + s.to_bytes(size)
