"""Where an EHR signs people in and what it can do: its smart-configuration, else its CapabilityStatement.

Every address that it names must be at a host that the operator registered with it.

*Source*: SMART App Launch 2.2, Conformance; SMART 1.0 `oauth-uris`; OpenID Connect Discovery 1.0;
security sheet APP-02, APP-06.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from app.fhir import json
from app.fhir.errors import Refusal
from app.fhir.json import JsonObject
from app.gateways.ehr.trouble import EhrTrouble, from_call
from app.gateways.outbound.addresses import Allowance, BadAddress, read_target
from app.gateways.outbound.client import Outbound, OutboundTrouble

MEBIBYTE = 1024 * 1024
MAX_LIST, MAX_WORD, MAX_URL = 1_000, 250, 2_048
EXTENSIONS: Final = "http://fhir-registry.smarthealthit.org/StructureDefinition"
NOT_PINNED = (
    "The EHR names a sign-in server that was not registered with it; the operator adds it with --endpoint-host."
)


@dataclass(frozen=True, slots=True)
class Registration:
    """How we are known at an EHR. `secret` for symmetric clients, `key_pem` (PKCS 8) for asymmetric ones."""

    fhir_base: str
    client_id: str
    kind: Literal["public", "asymmetric", "symmetric"]
    secret: str | None
    key_pem: bytes | None
    redirect_uri: str
    allowance: Allowance


@dataclass(frozen=True, slots=True)
class Discovery:
    """What an EHR says of its sign-in. `issuer` is empty and `jwks_uri` None where it names none.

    `s256` is false only for an EHR without a smart-configuration, which has no place to say so; the challenge is sent
    all the same. `iss_in_callback`: it promises `iss` in its answers (RFC 9207).
    """

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str | None
    capabilities: frozenset[str]
    auth_methods: frozenset[str]
    s256: bool
    iss_in_callback: bool
    scopes_supported: frozenset[str]

    def to_json(self) -> JsonObject:
        """Its members under their names, sets as sorted lists."""
        return {key: sorted(value) if isinstance(value, frozenset) else value for key, value in asdict(self).items()}

    @classmethod
    def from_json(cls, kept: JsonObject) -> "Discovery":
        members: dict[str, Any] = {
            key: frozenset(value) if isinstance(value, list) else value for key, value in kept.items()
        }
        return cls(**members)


async def discover(outbound: Outbound, registration: Registration) -> Discovery:
    """What the EHR says of its sign-in, asked now. Raises EhrTrouble."""
    base, allowance = registration.fhir_base, registration.allowance
    said = await ask_json(outbound, f"{base}/.well-known/smart-configuration", allowance)
    if said is not None and _url(said, "token_endpoint"):
        if "S256" not in _words(said.get("code_challenge_methods_supported")):
            raise EhrTrouble(
                "not-offered", "The EHR does not offer PKCE with S256, without which Baton does not sign in."
            )
        return await _discovery(outbound, registration, said, s256=True)
    statement = await ask_json(outbound, f"{base}/metadata", allowance)
    said = _oauth_uris(statement or {})
    if not _url(said, "token_endpoint"):
        raise EhrTrouble("not-offered", "The EHR does not say where it signs people in.")
    return await _discovery(outbound, registration, said, s256=False)


async def ask_json(outbound: Outbound, url: str, allowance: Allowance) -> JsonObject | None:
    """The JSON object at this address; None when there is none. No token is sent. Raises EhrTrouble."""
    try:
        headers = {"Accept": "application/json, application/fhir+json;q=0.9"}
        answer = await outbound.request("GET", url, allowance=allowance, headers=headers, max_bytes=5 * MEBIBYTE)
    except OutboundTrouble as trouble:
        # some servers lead whatever they do not have to a page of theirs
        if trouble.kind == "redirect":
            return None
        raise from_call(trouble) from None
    if answer.status == 429 or answer.status >= 500:
        raise EhrTrouble("away")
    try:
        return json.parse(answer.body) if answer.status == 200 else None
    except Refusal:
        return None


async def _discovery(outbound: Outbound, registration: Registration, said: JsonObject, *, s256: bool) -> Discovery:
    issuer, jwks_uri = _url(said, "issuer"), _url(said, "jwks_uri")
    if not (issuer and jwks_uri):
        openid = await _openid(outbound, registration, issuer)
        issuer, jwks_uri = issuer or _url(openid, "issuer"), jwks_uri or _url(openid, "jwks_uri")
    found = Discovery(
        issuer=issuer,
        authorization_endpoint=_url(said, "authorization_endpoint"),
        token_endpoint=_url(said, "token_endpoint"),
        jwks_uri=jwks_uri or None,
        capabilities=_words(said.get("capabilities")),
        auth_methods=_words(said.get("token_endpoint_auth_methods_supported")),
        s256=s256,
        iss_in_callback=said.get("authorization_response_iss_parameter_supported") is True,
        scopes_supported=_words(said.get("scopes_supported")),
    )
    if not found.authorization_endpoint:
        raise EhrTrouble("not-offered", "The EHR does not say where it signs people in.")
    for url in filter(None, (found.authorization_endpoint, found.token_endpoint, found.jwks_uri)):
        if not is_pinned(url, registration.allowance):
            raise EhrTrouble("address", NOT_PINNED)
    return found


async def _openid(outbound: Outbound, registration: Registration, issuer: str) -> JsonObject:
    """The OpenID document of the issuer, or under the FHIR base; empty when there is none.

    One that calls itself by another name than the issuer we asked for is nobody's.
    """
    at = issuer.rstrip("/") or registration.fhir_base
    if not is_pinned(at, registration.allowance):
        return {}
    found = await ask_json(outbound, f"{at}/.well-known/openid-configuration", registration.allowance) or {}
    return found if not issuer or found.get("issuer") == issuer else {}


def is_pinned(url: str, allowance: Allowance) -> bool:
    """Whether this address is at a host that was registered with the EHR."""
    try:
        return read_target(url, loopback_http=allowance.loopback_http).place in allowance.hosts
    except BadAddress:
        return False


def _oauth_uris(statement: JsonObject) -> JsonObject:
    """What a CapabilityStatement says of the sign-in, under smart-configuration's names."""
    extensions = [
        extension
        for rest in _objects(statement.get("rest"))
        for security in _objects([rest.get("security")])
        for extension in _objects(security.get("extension"))
    ]
    inner = [
        each
        for extension in extensions
        if extension.get("url") == f"{EXTENSIONS}/oauth-uris"
        for each in _objects(extension.get("extension"))
    ]
    uris = {each["url"]: each.get("valueUri") for each in inner if type(each.get("url")) is str}
    capable = [each.get("valueCode") for each in extensions if each.get("url") == f"{EXTENSIONS}/capabilities"]
    return {
        "authorization_endpoint": uris.get("authorize"),
        "token_endpoint": uris.get("token"),
        "capabilities": capable,
    }


def _url(said: JsonObject, name: str) -> str:
    """A text that may be an address; empty for anything else."""
    value = said.get(name)
    return value if isinstance(value, str) and len(value) <= MAX_URL and value.isprintable() else ""


def _words(value: object) -> frozenset[str]:
    items: Iterable[Any] = value[:MAX_LIST] if isinstance(value, list) else ()
    return frozenset(each for each in items if isinstance(each, str) and 0 < len(each) <= MAX_WORD)


def _objects(value: object) -> list[JsonObject]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
