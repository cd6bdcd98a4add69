"""The token endpoint: the app proves who it is, hands in a code or a refresh token, gets tokens.

*Source*: SMART App Launch 2.2, obtain access token, client authentication; RFC 6749 4.1.3 and 6, 7636, 7523.
"""

import hmac
from base64 import b64decode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import unquote_plus

import httpx
from starlette.datastructures import QueryParams

from app.simulate.smart.grants import Access, Grant, Refresh, keep
from app.simulate.smart.identity import id_token
from app.simulate.smart.server import App, Smart
from app.simulate.smart.signing import signed_claims
from app.simulate.wire import encoded

ACCESS_S, SHORT_S = 300, 2
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LONGEST_ASSERTION_S = 330


class Refused(Exception):
    """An error of RFC 6749 5.2 with its status."""

    def __init__(self, error: str, status: int = 400) -> None:
        super().__init__(error)
        self.error = error
        self.status = status


async def answer(smart: Smart, form: QueryParams, authorization: str) -> dict[str, Any]:
    """The members of a good answer. Raises Refused."""
    fields = {name: str(value) for name, value in form.multi_items()}
    if any(len(form.getlist(name)) > 1 for name in fields):
        raise Refused("invalid_request")
    if smart.app is None:
        raise Refused("invalid_client", 401)
    await _authenticate(smart, smart.app, fields, authorization)
    if fields.get("grant_type") == "authorization_code":
        return _tokens(smart, _exchanged(smart, fields))
    if fields.get("grant_type") == "refresh_token":
        return _tokens(smart, _refreshed(smart, fields))
    raise Refused("unsupported_grant_type" if fields.get("grant_type") else "invalid_request")


async def _authenticate(smart: Smart, app: App, fields: Mapping[str, str], authorization: str) -> None:
    if fields.get("client_id", app.client_id) != app.client_id or "client_secret" in fields:
        raise Refused("invalid_client", 401)
    if app.kind == "public":
        good = fields.get("client_id") == app.client_id and not authorization and "client_assertion" not in fields
    elif app.kind == "symmetric":
        good = "client_assertion" not in fields and _is_basic(app, authorization)
    else:
        good = not authorization and await _is_signed(smart, app, fields)
    if not good:
        raise Refused("invalid_client", 401)


def _is_basic(app: App, authorization: str) -> bool:
    scheme, _, pair = authorization.partition(" ")
    try:
        name, _, secret = b64decode(pair, validate=True).decode().partition(":")
    except ValueError:
        return False
    same = hmac.compare_digest(unquote_plus(secret).encode(), app.secret.encode())
    return scheme.lower() == "basic" and unquote_plus(name) == app.client_id and same


async def _is_signed(smart: Smart, app: App, fields: Mapping[str, str]) -> bool:
    if fields.get("client_assertion_type") != ASSERTION_TYPE:
        return False
    claims = signed_claims(fields.get("client_assertion", ""), await _keys(app))
    if claims is None or (claims.get("iss"), claims.get("sub")) != (app.client_id, app.client_id):
        return False
    now, ends, jti = smart.now(), claims.get("exp"), claims.get("jti")
    audience = claims["aud"] if isinstance(claims.get("aud"), list) else [claims.get("aud")]
    if audience != [f"{smart.issuer}/token"] or not isinstance(ends, int) or not isinstance(jti, str) or not jti:
        return False
    seen = smart.grants.assertions
    fresh = now.timestamp() < ends <= now.timestamp() + LONGEST_ASSERTION_S and jti not in seen
    seen[jti] = datetime.fromtimestamp(ends, UTC)
    return fresh


async def _keys(app: App) -> str | bytes:
    if not app.jwks_url:
        return app.jwks
    try:
        async with httpx.AsyncClient(timeout=5) as http:
            return (await http.get(app.jwks_url)).content
    except httpx.HTTPError:
        return "{}"


def _exchanged(smart: Smart, fields: Mapping[str, str]) -> Grant:
    code = smart.grants.codes.get(fields.get("code", ""))
    if code is None:
        raise Refused("invalid_grant")
    if code.used:
        code.grant.dead = True
        raise Refused("invalid_grant")
    code.used = True
    verifier = fields.get("code_verifier", "")
    right = encoded(sha256(verifier.encode()).digest()) == code.challenge
    if not right or fields.get("redirect_uri") != code.redirect_uri or code.until <= smart.now():
        raise Refused("invalid_grant")
    return code.grant


def _refreshed(smart: Smart, fields: Mapping[str, str]) -> Grant:
    """A refresh token that comes twice was stolen: its family dies."""
    refresh = smart.grants.refresh.get(fields.get("refresh_token", ""))
    if refresh is None or refresh.grant.dead:
        raise Refused("invalid_grant")
    if refresh.used:
        refresh.grant.dead = True
        raise Refused("invalid_grant")
    if not set(fields.get("scope", "").split()) <= set(refresh.grant.scopes):
        raise Refused("invalid_scope")
    refresh.used = True
    return refresh.grant


def _tokens(smart: Smart, grant: Grant) -> dict[str, Any]:
    life_s = SHORT_S if "short-tokens" in smart.on else ACCESS_S
    until = smart.now() + timedelta(seconds=life_s)
    access = keep(smart.grants.access, Access(grant, until), "access")
    if "jwt-token" in smart.on:
        access = _jwt(smart, until, access)
    members: dict[str, Any] = {
        "access_token": access,
        "token_type": "Bearer",
        "expires_in": life_s,
        "scope": " ".join(grant.scopes),
    }
    if grant.patient:
        members["patient"] = grant.patient
        members["need_patient_banner"] = not grant.framed
    if "offline_access" in grant.scopes:
        members["refresh_token"] = keep(smart.grants.refresh, Refresh(grant), "refresh")
    if "openid" in grant.scopes and smart.app is not None:
        members["id_token"] = id_token(smart, smart.app.client_id, grant)
    return members


def _jwt(smart: Smart, until: datetime, handle: str) -> str:
    """A JWT that stands for the same as the handle in it."""
    claims = {"iss": smart.issuer, "aud": smart.base, "exp": int(until.timestamp()), "jti": handle}
    made = smart.signer.es384(claims, "at+jwt")
    smart.grants.access[made] = smart.grants.access[handle]
    return made
