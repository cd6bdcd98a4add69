"""The id_token, and the ways in which a broken server gets it wrong. *Source*: OpenID Connect Core 1.0, 2."""

from hashlib import sha256
from typing import Any

from app.simulate.fhir.records import PRACTITIONER
from app.simulate.smart.authorize import OTHER_ISSUER
from app.simulate.smart.grants import Grant
from app.simulate.smart.server import Smart

LIFE_S = 300
YESTERDAY_S = 24 * 3600


def id_token(smart: Smart, client_id: str, grant: Grant) -> str:
    claims, signer = _claims(smart, client_id, grant), smart.signer
    if "es384-id-token" in smart.on:
        return signer.es384(claims)
    if "wrong-alg" in smart.on:
        return signer.hs256(claims)
    return signer.rs256(claims, by_stranger="wrong-signature" in smart.on)


def _claims(smart: Smart, client_id: str, grant: Grant) -> dict[str, Any]:
    now_s = int(smart.now().timestamp()) - (YESTERDAY_S if "expired-id-token" in smart.on else 0)
    claims: dict[str, Any] = {
        "iss": OTHER_ISSUER if "wrong-issuer" in smart.on else smart.issuer,
        "sub": sha256(smart.records.clinic.doctor.encode()).hexdigest()[:24],
        "aud": f"not-{client_id}" if "wrong-aud" in smart.on else client_id,
        "iat": now_s,
        "exp": now_s + LIFE_S,
    }
    if grant.nonce is not None:
        claims["nonce"] = grant.nonce[::-1] if "wrong-nonce" in smart.on else grant.nonce
    if "fhirUser" in grant.scopes:
        claims["fhirUser"] = f"{smart.base}/Practitioner/{PRACTITIONER}"
    return claims
