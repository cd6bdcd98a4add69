"""Signing in at an EHR as a SMART app: discovery, the address for the browser, tokens, who the clinician is.

Authlib speaks OAuth over our own way out; what comes back is read by us.

*Source*: SMART App Launch 2.2; RFC 6749, 7523, 7636; security sheet APP-02 to APP-10, BSC-01, BSC-04.
"""

import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx

from app.gateways.ehr.discovery import Discovery, Registration, discover
from app.gateways.ehr.granted import Granted, read_granted
from app.gateways.ehr.identity import Identity, identify
from app.gateways.ehr.trouble import EhrTrouble, from_call
from app.gateways.keys import BadKey, signing_key
from app.gateways.outbound.client import Outbound, OutboundTrouble

__all__ = [
    "Discovery", "EhrTrouble", "Granted", "Identity", "Registration",
    "authorization_url", "discover", "exchange", "identify", "refresh",
]  # fmt: skip

ASSERTION_S = 240
JTI_BYTES = 24
# how a client of each kind may show who it is, the best way first, and the capability by which an EHR promises it
METHODS: Final[Mapping[str, tuple[tuple[str, ...], str]]] = {
    "public": (("none",), ""),
    "asymmetric": (("private_key_jwt",), "client-confidential-asymmetric"),
    "symmetric": (("client_secret_basic", "client_secret_post"), "client-confidential-symmetric"),
}
FORM = {"Accept": "application/json"}


def authorization_url(
    registration: Registration,
    discovery: Discovery,
    *,
    state: str,
    nonce: str,
    verifier: str,
    scopes: Iterable[str],
    launch: str | None,
) -> str:
    """Where the browser goes to sign in; `verifier` stays here, its hash goes along (PKCE S256). Raises EhrTrouble."""
    _method(registration, discovery)
    from authlib.oauth2.client import OAuth2Client  # late: it costs a start that launches nobody

    client = OAuth2Client(
        None,
        client_id=registration.client_id,
        scope=" ".join(scopes),
        redirect_uri=registration.redirect_uri,
        code_challenge_method="S256",
    )
    more = {"aud": registration.fhir_base, "nonce": nonce, "launch": launch}
    url, _ = client.create_authorization_url(discovery.authorization_endpoint, state, verifier, **more)
    return str(url)


async def exchange(
    outbound: Outbound, registration: Registration, discovery: Discovery, *, code: str, verifier: str
) -> Granted:
    """What the code is worth. Raises EhrTrouble; `ended` when the EHR takes this code not or no more."""
    return await _ask(outbound, registration, discovery, "fetch_token", code=code, code_verifier=verifier)


async def refresh(outbound: Outbound, registration: Registration, discovery: Discovery, refresh_token: str) -> Granted:
    """A new access token; a refresh token in it replaces the old one. Raises EhrTrouble, `ended` on invalid_grant."""
    return await _ask(outbound, registration, discovery, "refresh_token", refresh_token=refresh_token)


async def _ask(
    outbound: Outbound, registration: Registration, discovery: Discovery, method: str, **given: str
) -> Granted:
    reading = _Reading()
    try:
        async with _client(outbound, registration, discovery) as client:
            for hook in ("access_token_response", "refresh_token_response"):
                client.register_compliance_hook(hook, reading)
            kind = {"grant_type": "authorization_code"} if "code" in given else {}
            await getattr(client, method)(discovery.token_endpoint, headers=dict(FORM), **kind, **given)
    except OutboundTrouble as trouble:
        raise from_call(trouble) from None
    assert reading.granted is not None  # the hook has read it, or raised
    return reading.granted


@dataclass(slots=True, eq=False)
class _Reading:
    """Reads the token answer before Authlib does, whose own reading takes any type for granted."""

    granted: Granted | None = None

    def __call__(self, answer: httpx.Response) -> httpx.Response:
        self.granted = read_granted(answer.status_code, answer.content)
        return httpx.Response(200, json={"access_token": "read", "token_type": "Bearer"})


def _client(outbound: Outbound, registration: Registration, discovery: Discovery) -> Any:
    with warnings.catch_warnings(record=True):  # it recommends a fork of httpx at every start
        from authlib.integrations.httpx_client import AsyncOAuth2Client
    client = AsyncOAuth2Client(
        client_id=registration.client_id,
        client_secret=registration.secret if registration.kind == "symmetric" else None,
        token_endpoint_auth_method=_method(registration, discovery),
        redirect_uri=registration.redirect_uri,
        transport=outbound.transport(registration.allowance),
        trust_env=False,
    )
    if registration.kind == "asymmetric":
        _sign(client, outbound, registration, discovery)
    return client


def _method(registration: Registration, discovery: Discovery) -> str:
    """How we show who we are. An EHR that lists its ways and none of ours would refuse without a word; many do not
    list that a public client shows nothing."""
    ours, promise = METHODS[registration.kind]
    listed = [each for each in ours if each in discovery.auth_methods]
    if listed or not discovery.auth_methods or registration.kind == "public" or promise in discovery.capabilities:
        return (*listed, *ours)[0]
    raise EhrTrouble("not-offered", f"The EHR offers no sign-in by {' or '.join(ours)}, as Baton is registered there.")


def _sign(client: Any, outbound: Outbound, registration: Registration, discovery: Discovery) -> None:
    """Each token request carries an assertion of its own, good for minutes."""
    from authlib.oauth2.rfc7523 import PrivateKeyJWT

    try:
        key = signing_key(registration.key_pem or b"")
    except BadKey:
        raise EhrTrouble("not-offered", "Baton's own key for this EHR cannot be used.") from None
    now_s = int(outbound.clock.now().timestamp())
    claims = {"iat": now_s, "exp": now_s + ASSERTION_S, "jti": outbound.ids.secret(JTI_BYTES).hex()}
    headers = {"kid": key.kid, "typ": "JWT"}
    client.client_secret = key.library_key
    client.register_client_auth_method(PrivateKeyJWT(discovery.token_endpoint, claims, headers, key.alg))
