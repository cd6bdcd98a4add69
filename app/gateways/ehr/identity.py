"""Who signed in at the EHR: its id_token, believed only when signed by the EHR, for us, for this launch, and not old.

The EHR's keys are fetched for each launch, so that a key which it has just changed is known.

*Source*: OpenID Connect Core 1.0, 3.1.3.7; SMART App Launch 2.2, id token; security sheet APP-10.
"""

import hmac
import re
from base64 import urlsafe_b64decode
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from app.fhir import json
from app.fhir.errors import Refusal
from app.fhir.json import JsonObject
from app.gateways.ehr.discovery import Discovery, Registration
from app.gateways.ehr.trouble import EhrTrouble, from_call
from app.gateways.keys import BadKey, Jwk, foreign_keys, is_id_token_signed
from app.gateways.outbound.client import Outbound, OutboundTrouble

SKEW_S: Final = 60
MAX_SUBJECT, MAX_USER, MAX_KID = 255, 2_048, 256
MAX_JWKS = 512 * 1024
_COMPACT = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)", re.ASCII)
CLAIMS: Final = "The EHR's statement about who signed in is not for this launch."


@dataclass(frozen=True, slots=True)
class Identity:
    """`subject` is unique within the EHR's issuer; `fhir_user` as claimed, still to be checked against the base."""

    subject: str
    fhir_user: str | None


async def identify(
    outbound: Outbound, registration: Registration, discovery: Discovery, id_token: str, nonce: str
) -> Identity:
    """Who this id_token says signed in. Raises EhrTrouble."""
    parts = _COMPACT.fullmatch(id_token)
    if parts is None:
        raise EhrTrouble("wrong-token")
    header, claims = _object(parts[1]), _object(parts[2])
    if not discovery.issuer or discovery.jwks_uri is None:
        raise EhrTrouble("not-offered", "The EHR does not publish the keys by which its sign-in can be checked.")
    _check(claims, registration, discovery, nonce, outbound.clock.now())
    alg, kid = header.get("alg"), header.get("kid")
    if type(alg) is not str or "crit" in header or (kid is not None and (type(kid) is not str or len(kid) > MAX_KID)):
        raise EhrTrouble("wrong-token")
    keys = await _keys(outbound, registration, discovery.jwks_uri)
    if not is_id_token_signed(id_token, alg=alg, kid=kid, keys=keys):
        raise EhrTrouble("wrong-token", "The EHR's statement about who signed in is not signed by one of its keys.")
    return Identity(claims["sub"], _user(claims))


def _check(claims: JsonObject, registration: Registration, discovery: Discovery, nonce: str, now: datetime) -> None:
    audience, subject, until = claims.get("aud"), claims.get("sub"), claims.get("exp")
    several = isinstance(audience, list) and len(audience) > 1
    if claims.get("iss") != discovery.issuer:
        raise EhrTrouble("wrong-token", CLAIMS)
    if registration.client_id not in (audience if isinstance(audience, list) else [audience]):
        raise EhrTrouble("wrong-token", CLAIMS)
    if (several or "azp" in claims) and claims.get("azp") != registration.client_id:
        raise EhrTrouble("wrong-token", CLAIMS)
    if not hmac.compare_digest(str(claims.get("nonce")).encode(), nonce.encode()):
        raise EhrTrouble("wrong-token", CLAIMS)
    if type(until) is not int or until <= now.timestamp() - SKEW_S:
        raise EhrTrouble("wrong-token", "The EHR's statement about who signed in has expired.")
    if any(
        type(claims.get(name, 0)) is not int or claims.get(name, 0) > now.timestamp() + SKEW_S
        for name in ("iat", "nbf")
    ):
        raise EhrTrouble("wrong-token", "The EHR's statement about who signed in is of the future: look at the clocks.")
    if type(subject) is not str or not 1 <= len(subject) <= MAX_SUBJECT or not subject.isprintable():
        raise EhrTrouble("wrong-token", CLAIMS)


def _user(claims: JsonObject) -> str | None:
    """SMART 1 said it in `profile`."""
    said = claims.get("fhirUser", claims.get("profile"))
    return said if isinstance(said, str) and 1 <= len(said) <= MAX_USER else None


async def _keys(outbound: Outbound, registration: Registration, jwks_uri: str) -> tuple[Jwk, ...]:
    try:
        headers = {"Accept": "application/json"}
        answer = await outbound.request(
            "GET", jwks_uri, allowance=registration.allowance, headers=headers, max_bytes=MAX_JWKS
        )
        if answer.status != 200:
            raise EhrTrouble("away", "The EHR does not give the keys of its sign-in.")
        return foreign_keys(answer.body)
    except OutboundTrouble as trouble:
        raise from_call(trouble) from None
    except BadKey:
        raise EhrTrouble("wrong-token", "The EHR's keys cannot be read.") from None


def _object(segment: str) -> JsonObject:
    try:
        return json.parse(urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    except (Refusal, ValueError):
        raise EhrTrouble("wrong-token") from None
