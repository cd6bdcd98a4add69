"""How EHRs in the field differ, and how they fail, as one table: each switch can be turned on by its name."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Switch:
    """`says` completes the sentence: an EHR that ..."""

    name: str
    kind: Literal["variant", "fault"]
    says: str


SWITCHES: tuple[Switch, ...] = (
    Switch("no-fhir-user", "variant", "does not say who the user is in FHIR"),
    Switch("no-refresh", "variant", "gives no refresh token"),
    Switch("short-tokens", "variant", "gives access tokens for two seconds"),
    Switch("fewer-scopes", "variant", "grants the patient's name and nothing else of the chart"),
    Switch("identity-only", "variant", "grants openid, fhirUser and launch only"),
    Switch("v1-scopes", "variant", "knows scopes of SMART 1 only"),
    Switch("no-well-known", "variant", "has no .well-known/smart-configuration, only its CapabilityStatement"),
    Switch("other-host", "variant", "has its endpoints under another host and path"),
    Switch("opaque-token", "variant", "gives opaque access tokens"),
    Switch("jwt-token", "variant", "gives access tokens that are JWTs"),
    Switch("extra-members", "variant", "adds members of its own to the token answer"),
    Switch("patient-number", "variant", "gives the patient's id as a number"),
    Switch("es384-id-token", "variant", "signs id_tokens with ES384"),
    Switch("us-core-3", "variant", "writes US Core 3.1.1, with local codes and absent data"),
    Switch("us-core-6", "variant", "writes US Core 6.1.0, with local codes and absent data"),
    Switch("spanish", "variant", "has patients who prefer Spanish"),
    Switch("no-write", "variant", "lets nobody write"),
    Switch("task-write", "variant", "takes Tasks as well as documents"),
    Switch("no-patient", "variant", "launches without any patient"),
    Switch("deny", "fault", "refuses the authorization"),
    Switch("no-iss", "fault", "promises an iss in the callback and leaves it out"),
    Switch("other-iss", "fault", "names another issuer in the callback"),
    Switch("token-hangs", "fault", "never answers at its token address"),
    Switch("token-html", "fault", "answers a web page at its token address"),
    Switch("token-500", "fault", "breaks at its token address"),
    Switch("token-10mb", "fault", "answers ten megabytes at its token address"),
    Switch("no-access-token", "fault", "answers without an access token"),
    Switch("token-type-mac", "fault", "answers with another type of token"),
    Switch("bad-expires", "fault", "says a word where a number of seconds belongs"),
    Switch("patient-array", "fault", "answers several patients at once"),
    Switch("patient-path", "fault", "answers a path in place of the patient's id"),
    Switch("no-id-token", "fault", "answers without an id_token"),
    Switch("wrong-issuer", "fault", "names another issuer in the id_token"),
    Switch("wrong-aud", "fault", "makes the id_token for another app"),
    Switch("wrong-alg", "fault", "signs the id_token with HS256 and its public key"),
    Switch("wrong-signature", "fault", "signs the id_token with a key that is not published"),
    Switch("wrong-nonce", "fault", "answers another nonce"),
    Switch("expired-id-token", "fault", "gives id_tokens of yesterday"),
    Switch("token-refused", "fault", "does not believe its own access tokens"),
    Switch("chart-away", "fault", "cannot reach its charts"),
    Switch("chart-html", "fault", "answers web pages in place of charts"),
    Switch("foreign-links", "fault", "has charts whose pages and references lead to another host"),
)
VARIANTS = tuple(each for each in SWITCHES if each.kind == "variant")
FAULTS = tuple(each for each in SWITCHES if each.kind == "fault")


def known(name: str) -> bool:
    return any(each.name == name for each in SWITCHES)
