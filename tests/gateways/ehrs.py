"""A small EHR of the tests' own: its answers stand in a table that a test changes. Signs with keys of its own."""

import json
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from app.gateways.ehr.smart import Discovery, Registration
from tests.gateways.servers import Seen, Server, answer

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
CLIENT, REDIRECT = "baton-at-the-clinic", "https://baton.example/launch/callback/1"
HASHES = {"256": hashes.SHA256(), "384": hashes.SHA384()}


@dataclass(slots=True)
class Ehr:
    """`answers`: path without its query -> body, or a whole raw answer. What was asked is in the server's `seen`."""

    answers: dict[str, Any] = field(default_factory=dict)
    server: Server = field(default_factory=lambda: Server(0))

    async def __call__(self, seen: Seen, writer: Any) -> None:
        found = self.answers.get(f"{seen.method} {seen.path.partition('?')[0]}")
        if callable(found):
            found = found(seen)
        writer.write(
            found if isinstance(found, bytes) else answer(dump(found), status=200 if found is not None else 404)
        )

    @property
    def base(self) -> str:
        return f"{self.server.here}/fhir"

    def registration(self, **changes: Any) -> Registration:
        known: dict[str, Any] = {
            "fhir_base": self.base,
            "client_id": CLIENT,
            "kind": "public",
            "secret": None,
            "key_pem": None,
        }
        return Registration(**known | {"redirect_uri": REDIRECT, "allowance": self.server.allowed()} | changes)

    def configuration(self, **changes: Any) -> dict[str, Any]:
        here = self.server.here
        return {
            "issuer": here,
            "jwks_uri": f"{here}/jwks",
            "authorization_endpoint": f"{here}/authorize",
            "token_endpoint": f"{here}/token",
            "capabilities": ["launch-ehr", "permission-v2"],
            "token_endpoint_auth_methods_supported": ["private_key_jwt"],
            "scopes_supported": ["openid", "launch"],
            "code_challenge_methods_supported": ["S256"],
        } | changes

    @property
    def discovery(self) -> Discovery:
        here = self.server.here
        none: frozenset[str] = frozenset()
        return Discovery(here, f"{here}/authorize", f"{here}/token", f"{here}/jwks", none, none, True, False, none)

    def form(self) -> dict[str, str]:
        """What was posted to the token endpoint last."""
        return dict(parse_qsl(self.server.seen[-1].body.decode(), strict_parsing=True))


def dump(tree: Any) -> bytes:
    return json.dumps(tree).encode()


def pem(key: Key) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def jwk(key: Key, kid: str | None = "k1", **more: Any) -> dict[str, Any]:
    named = more if kid is None else {"kid": kid, **more}
    numbers = key.public_key().public_numbers()
    if isinstance(numbers, rsa.RSAPublicNumbers):
        return {"kty": "RSA", "n": number(numbers.n), "e": number(numbers.e)} | named
    size = 48 if numbers.curve.key_size == 384 else 32
    return {
        "kty": "EC",
        "crv": f"P-{numbers.curve.key_size}",
        "x": number(numbers.x, size),
        "y": number(numbers.y, size),
    } | named


def signed(key: Key, claims: dict[str, Any], by: str, /, **header: Any) -> str:
    """A compact JWT; a header that is None is left out."""
    said = {
        name: value for name, value in ({"alg": by, "typ": "JWT", "kid": "k1"} | header).items() if value is not None
    }
    content = f"{b64(dump(said))}.{b64(dump(claims))}"
    digest = HASHES.get(by[2:], hashes.SHA256())
    if isinstance(key, rsa.RSAPrivateKey):
        return f"{content}.{b64(key.sign(content.encode(), padding.PKCS1v15(), digest))}"
    r, s = decode_dss_signature(key.sign(content.encode(), ec.ECDSA(digest)))
    size = (key.key_size + 7) // 8
    return f"{content}.{b64(r.to_bytes(size) + s.to_bytes(size))}"


def number(value: int, size: int | None = None) -> str:
    return b64(value.to_bytes(size or (value.bit_length() + 7) // 8))


def b64(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")
