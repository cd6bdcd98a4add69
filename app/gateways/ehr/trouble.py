"""What can go wrong with an EHR, in words of ours: nothing that it answered is repeated.

*Source*: security sheet BSC-03, part 4 R (receiver faults).
"""

from typing import Final, Literal

from app.gateways.outbound.client import OutboundTrouble

Kind = Literal["away", "refused", "ended", "not-fhir", "too-large", "wrong-token", "not-offered", "address"]

WORDS: Final[dict[Kind, str]] = {
    "away": "The EHR did not answer, or not in time.",
    "refused": "The EHR refused this.",
    "ended": "The EHR lets Baton in no more.",
    "not-fhir": "The EHR's answer cannot be read.",
    "too-large": "The EHR's answer is too large.",
    "wrong-token": "The EHR's answer to the sign-in is not valid.",
    "not-offered": "The EHR does not offer this.",
    "address": "The EHR named an address that Baton may not call.",
}
OF_CALLS: Final[dict[str, tuple[Kind, str]]] = {
    "address": ("address", WORDS["address"]),
    "away": ("away", "The EHR could not be reached."),
    "tls": ("away", "The EHR's certificate is not valid."),
    "timeout": ("away", "The EHR did not answer in time."),
    "too-large": ("too-large", WORDS["too-large"]),
    "redirect": ("not-fhir", "The EHR sent Baton elsewhere instead of answering."),
    "protocol": ("not-fhir", WORDS["not-fhir"]),
}


class EhrTrouble(Exception):
    """An EHR that did not do what was asked. `words` are for people, and ours."""

    def __init__(self, kind: Kind, words: str = "") -> None:
        super().__init__(kind)
        self.kind: Kind = kind
        self.words = words or WORDS[kind]


def from_call(trouble: OutboundTrouble) -> EhrTrouble:
    """The same trouble as the EHR's."""
    return EhrTrouble(*OF_CALLS[trouble.kind])
