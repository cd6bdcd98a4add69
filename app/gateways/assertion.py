"""A client's signed assertion (`private_key_jwt`), read strictly and judged claim by claim.

Reading comes first because it says which client claims to be asking; judging needs that client's keys.
All refusals look the same to the client (`invalid_client`); the rule word is for our log only.

*Source*: SMART App Launch 2.2, Client Authentication: Asymmetric; RFC 7523; security sheet AS-20 to AS-28.
"""

import re
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from app.fhir import json
from app.fhir.errors import Refusal
from app.gateways.keys import ALGORITHMS, Jwk, signature_is_good

MAX_LENGTH = 16 * 1024
MAX_JTI = 256
MAX_CLIENT_ID = 128

_COMPACT = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)", re.ASCII)
# Headers by which a sender would choose the key or change how the token is read.
_REFUSED_HEADERS = ("jwk", "x5u", "x5c", "crit", "b64", "zip", "enc", "cty")


class AssertionRefused(Exception):
    """The assertion proves nothing; `rule` says why, in our log and nowhere else."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


@dataclass(frozen=True, slots=True)
class Assertion:
    """A well-formed assertion whose signature and times have not been judged yet."""

    compact: str
    alg: str
    kid: str
    jku: str | None
    client_id: str
    jti: str
    claims: Mapping[str, Any]

    @property
    def expires_at(self) -> datetime:
        return _moment(self.claims.get("exp"), "exp")


def read_assertion(compact: str) -> Assertion:
    """The assertion's header and claims. Raises AssertionRefused."""
    parts = _COMPACT.fullmatch(compact) if len(compact) <= MAX_LENGTH else None
    if parts is None:
        raise AssertionRefused("assertion-form")
    header, claims = _object(parts[1]), _object(parts[2])
    _check_header(header)
    client_id, jti = claims.get("iss"), claims.get("jti")
    if type(client_id) is not str or not 1 <= len(client_id) <= MAX_CLIENT_ID or claims.get("sub") != client_id:
        raise AssertionRefused("assertion-issuer")
    if type(jti) is not str or not 1 <= len(jti) <= MAX_JTI:
        raise AssertionRefused("assertion-jti")
    return Assertion(compact, header["alg"], header["kid"], header.get("jku"), client_id, jti, claims)


@dataclass(frozen=True, slots=True)
class Terms:
    """What every assertion keeps to: its audience (our token address), its longest life, how wrong a clock may be."""

    audience: str
    max_life: timedelta
    skew: timedelta


def judge_assertion(
    assertion: Assertion, keys: tuple[Jwk, ...], jwks_url: str | None, terms: Terms, now: datetime
) -> None:
    """Returns when the client with these keys made this assertion, for us and for now. Raises AssertionRefused."""
    if assertion.jku is not None and assertion.jku != jwks_url:
        raise AssertionRefused("assertion-jku")
    if assertion.claims.get("aud") not in (terms.audience, [terms.audience]):
        raise AssertionRefused("assertion-audience")
    if not now - terms.skew < assertion.expires_at <= now + terms.max_life + terms.skew:
        raise AssertionRefused("assertion-expiry")
    for claim in ("iat", "nbf"):
        if claim in assertion.claims and _moment(assertion.claims[claim], claim) > now + terms.skew:
            raise AssertionRefused("assertion-future")
    if not signature_is_good(assertion.compact, alg=assertion.alg, kid=assertion.kid, keys=keys):
        raise AssertionRefused("assertion-signature")


def _check_header(header: Mapping[str, Any]) -> None:
    """The algorithm is judged before any key is looked up (AS-20)."""
    if header.get("alg") not in ALGORITHMS:
        raise AssertionRefused("assertion-alg")
    if header.get("typ") != "JWT":
        raise AssertionRefused("assertion-typ")
    if type(header.get("kid")) is not str:
        raise AssertionRefused("assertion-kid")
    if any(name in header for name in _REFUSED_HEADERS):
        raise AssertionRefused("assertion-header")
    if "jku" in header and type(header["jku"]) is not str:
        raise AssertionRefused("assertion-jku")


def _object(segment: str) -> json.JsonObject:
    try:
        return json.parse(urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    except (Refusal, ValueError):
        raise AssertionRefused("assertion-json") from None


def _moment(seconds: object, claim: str) -> datetime:
    """A NumericDate; only whole seconds of this era, written as a JSON integer."""
    if type(seconds) is not int or not 0 <= seconds < 253_402_300_800:
        raise AssertionRefused(f"assertion-{claim}")
    return datetime.fromtimestamp(seconds, UTC)
