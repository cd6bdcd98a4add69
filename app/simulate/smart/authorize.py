"""The authorization endpoint: who may ask is checked first, then what is asked, then the user decides on a page.

*Source*: SMART App Launch 2.2, authorization; RFC 6749 4.1, 7636, 9207.
"""

import re
from collections.abc import Mapping
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from app.simulate.fhir.scopes import granted
from app.simulate.smart import grants
from app.simulate.smart.grants import Code, Grant, Request, keep
from app.simulate.smart.server import Smart

CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
NEEDED = ("response_type", "scope", "state", "aud", "code_challenge", "code_challenge_method")
OTHER_ISSUER = "https://other-ehr.example/oauth"
WORDS: Mapping[str, str] = {
    "openid": "know that you are signed in",
    "fhirUser": "know who you are",
    "profile": "know who you are",
    "launch": "know which patient is open",
    "launch/patient": "know which patient is open",
    "offline_access": "go on while you are away",
}


class Stranger(Exception):
    """Nothing may be sent back: the app or its address is not known. The text is for the user."""


class Back(Exception):
    """The browser goes back to the app with an error; `address` says where."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self.address = address


def begin(smart: Smart, asked: QueryParams) -> str:
    """The handle of a request that stands. Raises Stranger, Back."""
    fields = {name: str(value) for name, value in asked.multi_items()}
    app = smart.app
    if app is None or asked.getlist("client_id") != [app.client_id]:
        raise Stranger("This app is not registered here.")
    if len(asked.getlist("redirect_uri")) != 1 or fields["redirect_uri"] not in app.redirect_uris:
        raise Stranger("The address that this app wants to be called back at is not registered.")
    back = fields["redirect_uri"]
    state = fields.get("state", "")
    if any(len(asked.getlist(name)) != 1 or not fields[name] for name in NEEDED):
        raise _back(smart, back, state, error="invalid_request")
    if fields["response_type"] != "code":
        raise _back(smart, back, state, error="unsupported_response_type")
    good = fields["code_challenge_method"] == "S256" and CHALLENGE.fullmatch(fields["code_challenge"])
    if not good or fields["aud"] != smart.base:
        raise _back(smart, back, state, error="invalid_request")
    scopes = tuple(fields["scope"].split())
    launch = None
    if "launch" in fields or "launch" in scopes:
        launch = smart.grants.launches.get(fields.get("launch", ""))
        if launch is None or launch.until <= smart.now():
            raise _back(smart, back, state, error="invalid_request")
    if "deny" in smart.on:
        raise _back(smart, back, state, error="access_denied")
    request = Request(
        redirect_uri=back,
        state=state,
        scopes=scopes,
        challenge=fields["code_challenge"],
        nonce=fields.get("nonce"),
        launch=launch,
        until=smart.now() + grants.REQUEST_LIFE,
    )
    return keep(smart.grants.requests, request, "request")


def standing(smart: Smart, handle: str) -> Request:
    """Raises Stranger where there is none, or none any more."""
    request = smart.grants.requests.get(handle)
    if request is None or request.until <= smart.now():
        raise Stranger("This request has been answered, or waited too long. Launch the app again.")
    return request


def wants_patient(smart: Smart, request: Request) -> bool:
    """Whether the user must say which patient it is about."""
    chosen = request.launch is not None and request.launch.patient
    asks = any(scope.startswith(("patient/", "launch")) for scope in request.scopes)
    return not chosen and asks and "no-patient" not in smart.on


def permissions(smart: Smart, request: Request) -> list[str]:
    """What would be granted, in words."""
    scopes = granted(request.scopes, smart.on, patient=True)
    return list(dict.fromkeys(WORDS.get(scope) or _words(scope) for scope in scopes))


def decide(smart: Smart, handle: str, *, allowed: bool, patient: str) -> str:
    """Where the browser goes with the user's answer; the request and its launch are used up. Raises Stranger."""
    request = standing(smart, handle)
    if allowed and wants_patient(smart, request) and smart.records.person(patient) is None:
        raise Stranger("Choose a patient first: go back one page.")
    del smart.grants.requests[handle]
    launches = smart.grants.launches
    for name in [name for name, each in launches.items() if each is request.launch or each.until <= smart.now()]:
        del launches[name]
    if not allowed:
        return _back(smart, request.redirect_uri, request.state, error="access_denied").address
    known = request.launch.patient if request.launch else ""
    patient = "" if "no-patient" in smart.on else known or patient
    scopes = granted(request.scopes, smart.on, patient=bool(patient))
    if not scopes:
        return _back(smart, request.redirect_uri, request.state, error="invalid_scope").address
    framed = request.launch is not None and request.launch.framed
    grant = Grant(tuple(scopes), patient, framed, request.nonce)
    code = Code(grant, request.redirect_uri, request.challenge, smart.now() + grants.CODE_LIFE)
    return _back(smart, request.redirect_uri, request.state, code=keep(smart.grants.codes, code, "code")).address


def _words(scope: str) -> str:
    place, _, letters = scope.partition(".")
    type_name = place.partition("/")[2].replace("*", "everything")
    verbs = "read" if letters in {"read", "r", "s", "rs"} else "read and write"
    return f"{'write' if letters in {'write', 'c', 'cu', 'u'} else verbs} {type_name}"


def _back(smart: Smart, redirect_uri: str, state: str, **answer: str) -> Back:
    issuer = {} if "no-iss" in smart.on else {"iss": OTHER_ISSUER if "other-iss" in smart.on else smart.issuer}
    query = urlencode({**answer, **({"state": state} if state else {}), **issuer})
    return Back(f"{redirect_uri}{'&' if '?' in redirect_uri else '?'}{query}")
