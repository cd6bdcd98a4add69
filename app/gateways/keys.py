"""Keys: those that clients register, those of EHRs that sign people in, and our own; the only importer of joserfc.

*Source*: SMART App Launch 2.2, Client Authentication: Asymmetric; RFC 7517 and 7518;
security sheet AS-05, AS-20, AS-21, AS-28, APP-10, BSC-01.
"""

import re
from base64 import urlsafe_b64decode
from dataclasses import dataclass, field
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey
from joserfc.jws import JWSRegistry, deserialize_compact

from app.fhir import json
from app.fhir.errors import Invalid, Refusal

KEY_TYPES = {"RS384": "RSA", "ES384": "EC"}
ALGORITHMS = tuple(KEY_TYPES)
# how an EHR may sign who its user is: OpenID Connect's RS256, and SMART's own; the curve is the algorithm's
ID_TOKEN_KEYS = {"RS256": ("RSA", None), "RS384": ("RSA", None), "ES256": ("EC", "P-256"), "ES384": ("EC", "P-384")}
MAX_KEYS, MAX_FOREIGN_KEYS = 20, 100
MAX_JWKS_BYTES = 256 * 1024
RSA_BITS = range(2048, 8193)
MIN_RSA_EXPONENT = 65537

# What is kept of a key. Anything else in it (x5c, ext, key_ops ...) is checked or passed over, not stored.
_PUBLIC_MEMBERS = ("kty", "kid", "use", "alg", "n", "e", "crv", "x", "y")
_PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_BASE64URL = re.compile(r"[A-Za-z0-9_-]{1,2048}", re.ASCII)
_MAX_KID = 256

Jwk = dict[str, Any]


class _Registry(JWSRegistry):
    """The library's own limits are too tight for long `kid`s; the assertion's whole length is checked before."""

    max_header_length = 16_384
    max_signature_length = 2_048


def read_jwks(body: bytes) -> tuple[Jwk, ...]:
    """The public keys of a JWKS file, ready to be stored. Raises Invalid with what is wrong and in which key."""
    if len(body) > MAX_JWKS_BYTES:
        raise Invalid("jwks-size", f"A key set may have at most {MAX_JWKS_BYTES // 1024} KiB.")
    try:
        keys = json.parse(body).get("keys")
    except Refusal:
        raise Invalid("jwks-json", 'The key set is not a JSON object of the form {"keys": [...]}.') from None
    if type(keys) is not list or not 1 <= len(keys) <= MAX_KEYS:
        raise Invalid("jwks-keys", f'A key set has a member "keys" with 1 to {MAX_KEYS} keys.')
    read = tuple(_read_key(key, f"keys[{number}]") for number, key in enumerate(keys))
    if len({key["kid"] for key in read}) != len(read):
        raise Invalid("jwks-kid", "Two keys have the same kid; each needs its own.", "keys")
    return read


def signature_is_good(compact: str, *, alg: str, kid: str, keys: tuple[Jwk, ...]) -> bool:
    """True when exactly one of the keys has this kid and fits the algorithm, and it made the signature."""
    matching = [key for key in keys if key.get("kid") == kid]
    if alg not in KEY_TYPES or len(matching) != 1 or matching[0].get("kty") != KEY_TYPES[alg]:
        return False
    return matching[0].get("alg", alg) == alg and _signed_by(compact, alg, matching[0])


def foreign_keys(body: bytes) -> tuple[Jwk, ...]:
    """The keys of an EHR's key set that can have signed an id_token; others in it are passed over. Raises BadKey."""
    try:
        keys = json.parse(body).get("keys")
    except Refusal:
        raise BadKey("key-set") from None
    if type(keys) is not list or len(keys) > MAX_FOREIGN_KEYS:
        raise BadKey("key-set")
    return tuple(key for key in keys if type(key) is dict and _can_sign_people_in(key))


def is_id_token_signed(compact: str, *, alg: str, kid: str | None, keys: tuple[Jwk, ...]) -> bool:
    """True when one of the keys fits the algorithm and this kid, where the token names one, and made the signature."""
    if alg not in ID_TOKEN_KEYS:
        return False
    fitting = [key for key in keys if (key["kty"], key.get("crv")) == ID_TOKEN_KEYS[alg]]
    named = [key for key in fitting if (kid is None or key.get("kid") == kid) and key.get("alg", alg) == alg]
    return any(_signed_by(compact, alg, key) for key in named)


class BadKey(Exception):
    """Not a key, or none that may be used. Carries a rule word, nothing of the key."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """Our own key at an EHR. `kid` is the key's thumbprint (RFC 7638); `public` is what the EHR is given."""

    alg: str
    kid: str
    public: Jwk
    library_key: Any = field(repr=False)


def signing_key(pem: bytes) -> SigningKey:
    """The private key of a PEM file: RSA signs by RS384, an EC key on P-384 by ES384. Raises BadKey."""
    for kind, alg in ((RSAKey, "RS384"), (ECKey, "ES384")):
        try:
            key = kind.import_key(pem)
            public, kid = dict(key.as_dict(private=False)), key.thumbprint()
        except (JoseError, ValueError, TypeError):
            continue
        if not key.is_private or (alg == "RS384" and not _is_strong(public)) or public.get("crv", "P-384") != "P-384":
            raise BadKey("key-strength")
        return SigningKey(alg, kid, public | {"kid": kid, "alg": alg, "use": "sig"}, key)
    raise BadKey("key-form")


def _signed_by(compact: str, alg: str, key: Jwk) -> bool:
    try:
        registry = _Registry(algorithms=[alg], strict_check_header=False)
        deserialize_compact(compact, _import(key), registry=registry)
    except (JoseError, ValueError):
        return False
    return True


def _can_sign_people_in(key: Jwk) -> bool:
    kind = (key.get("kty"), key.get("crv"))
    if kind not in ID_TOKEN_KEYS.values() or key.get("use", "sig") != "sig" or _PRIVATE_MEMBERS & key.keys():
        return False
    numbers = ("n", "e") if kind[0] == "RSA" else ("x", "y")
    return all(_is_number(key.get(name)) for name in numbers) and (kind[0] == "EC" or _is_strong(key))


def _read_key(key: Any, at: str) -> Jwk:
    if type(key) is not dict:
        raise Invalid("jwks-key", "A key is a JSON object.", at)
    if _PRIVATE_MEMBERS & key.keys():
        raise Invalid(
            "jwks-private",
            "This is a private or symmetric key; register its public half, and treat this one as exposed.",
            at,
        )
    if type(key.get("kid")) is not str or not 1 <= len(key["kid"]) <= _MAX_KID:
        raise Invalid("jwks-kid", f"A key needs a kid of 1 to {_MAX_KID} characters.", at)
    if key.get("kty") not in KEY_TYPES.values():
        raise Invalid("jwks-kty", "Register an RSA key (RS384) or an EC key on P-384 (ES384).", at)
    _check_purpose(key, at)
    _check_strength(key, at)
    return {name: key[name] for name in _PUBLIC_MEMBERS if name in key}


def _check_purpose(key: Jwk, at: str) -> None:
    if key.get("use", "sig") != "sig":
        raise Invalid("jwks-use", "The key's use must be sig.", at)
    operations = key.get("key_ops", ["verify"])
    if type(operations) is not list or "verify" not in operations:
        raise Invalid("jwks-use", "The key's key_ops must hold verify.", at)
    if "alg" in key and (key["alg"] not in ALGORITHMS or KEY_TYPES[key["alg"]] != key["kty"]):
        raise Invalid("jwks-alg", "The key's alg must be RS384 for an RSA key, ES384 for an EC key.", at)


def _check_strength(key: Jwk, at: str) -> None:
    numbers = ("n", "e") if key["kty"] == "RSA" else ("x", "y")
    if not all(_is_number(key.get(name)) for name in numbers):
        raise Invalid("jwks-number", f"The key's {numbers[0]} and {numbers[1]} must be base64url without padding.", at)
    if key["kty"] == "EC" and key.get("crv") != "P-384":
        raise Invalid("jwks-curve", "ES384 needs the curve P-384.", at)
    if key["kty"] == "RSA" and not _is_strong(key):
        sizes = f"{RSA_BITS.start} to {RSA_BITS.stop - 1} bits"
        raise Invalid("jwks-strength", f"An RSA key needs {sizes} and an exponent from {MIN_RSA_EXPONENT} on.", at)
    try:
        _import(key)
    except (JoseError, ValueError):
        raise Invalid("jwks-number", "The key's numbers do not make a valid public key.", at) from None


def _is_number(text: object) -> bool:
    return isinstance(text, str) and _BASE64URL.fullmatch(text) is not None and len(text) % 4 != 1


def _is_strong(key: Jwk) -> bool:
    return _integer(key["n"]).bit_length() in RSA_BITS and _integer(key["e"]) >= MIN_RSA_EXPONENT


def _integer(text: str) -> int:
    return int.from_bytes(urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def _import(key: Jwk) -> Any:
    """The library's key, made of the numbers alone: hints such as key_ops have been judged at registration."""
    if key["kty"] == "RSA":
        return RSAKey.import_key({"kty": "RSA", "n": key["n"], "e": key["e"]})
    return ECKey.import_key({"kty": "EC", "crv": key["crv"], "x": key["x"], "y": key["y"]})
