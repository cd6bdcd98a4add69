"""Pass on: the referral goes to an organization, on a basis that the operator names and, if need be, attests."""

from typing import Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.services.directory.members import targets
from app.services.referrals.pass_on import pass_on
from app.web.ops.screens import referral
from app.web.pages import session
from app.web.pages.asking import REFUSED
from app.web.pages.forms import MAX_WORDS, posted_form

SEE_OTHER = 303
CONSENT: Final = "consent"
BASES: Final = frozenset({CONSENT, "treatment", "agreement", "paper", "spoken"})


async def send(request: Request) -> Response:
    visitor = await session.operator(request)
    form = await posted_form(request, visitor.csrf)
    typed = {name: form.text(name) for name in ("to", "basis", "attestation")}
    network = request.app.state.network
    known = {str(member.id): member.id for member in await targets(network)}
    wrong = _problems(typed, known)
    if wrong:
        return await referral.page(request, visitor, typed=typed, wrong=wrong)
    try:
        await pass_on(
            network,
            visitor.caller,
            request.path_params["referral"],
            to=known[typed["to"]],
            basis_kind=typed["basis"],
            attestation=typed["attestation"],
        )
    except REFUSED as refusal:
        return await referral.page(request, visitor, typed=typed, wrong={"basis": refusal.issues[0].message})
    return RedirectResponse("/ops?done=pass-on", SEE_OTHER)


def _problems(typed: dict[str, str], known: dict[str, UUID]) -> dict[str, str]:
    """Field name -> problem word. Every basis but a consent that came with the referral needs the operator's word."""
    found = {
        "to": "" if typed["to"] in known else "to",
        "basis": "" if typed["basis"] in BASES else "basis",
        "attestation": _problem_with_attestation(typed),
    }
    return {name: word for name, word in found.items() if word}


def _problem_with_attestation(typed: dict[str, str]) -> str:
    if len(typed["attestation"]) > MAX_WORDS:
        return "too-long"
    needed = typed["basis"] in BASES - {CONSENT}
    return "attestation" if needed and not typed["attestation"] else ""
