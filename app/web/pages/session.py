"""Who is at the other end of the browser. The only file of the pages that calls the identity services."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from app.fhir.errors import Forbidden, Login
from app.services.caller import Caller
from app.services.identity.sign_in import SignedIn, authenticate_session, choices, sign_in, switch_member
from app.services.identity.sign_out import sign_out
from app.services.network import Network
from app.store import members
from app.web.pages import cookies
from app.web.pages.numbers import request_id

OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Visitor:
    """A signed-in person, for whom she works now, and the token that her forms must carry."""

    caller: Caller
    email: str
    member: UUID
    member_name: str
    members: Mapping[UUID, str]
    time_zone: str
    csrf: str

    @property
    def operator(self) -> bool:
        return self.caller.role == OPERATOR


async def visitor(request: Request) -> Visitor | None:
    """The person whom the session cookie names; None when nobody is signed in, or not any more."""
    person = await _person(request)
    if person is None:
        return None
    network = request.app.state.network
    roles = await choices(network, person.caller.account) if person.caller.account else ()
    return Visitor(
        caller=person.caller,
        email=person.email,
        member=person.member,
        member_name=person.member_name,
        members={each.member: each.name for each in roles},
        time_zone=await _time_zone(network, person.member),
        csrf=person.csrf_secret.hex(),
    )


async def _time_zone(network: Network, member: UUID) -> str:
    """Where the organization works: its people read times as its clocks show them."""
    async with network.store.unit(()) as unit:
        return (await members.get(unit, [member]))[member].time_zone


async def _person(request: Request) -> SignedIn | None:
    secret = cookies.read(request, cookies.SESSION)
    if not secret:
        return None
    try:
        return await authenticate_session(request.app.state.network, secret, request_id(request))
    except Login:
        return None


async def signed_in(request: Request) -> Visitor:
    """Somebody signed in, of whatever role. Login (a way to the sign-in page) otherwise."""
    found = await visitor(request)
    if found is None:
        raise Login("signed-in", "Sign in first.")
    return found


async def staff(request: Request) -> Visitor:
    """Somebody who works for a community organization. The operator has pages of her own."""
    found = await signed_in(request)
    if found.operator:
        raise Forbidden("staff-only", "This page is for the staff of an organization.")
    return found


async def operator(request: Request) -> Visitor:
    """The network's operator. Forbidden to everybody else."""
    found = await signed_in(request)
    if not found.operator:
        raise Forbidden("operator-only", "This page is for the network's operator.")
    return found


async def begin(request: Request, response: Response, email: str, password: str) -> Response:
    """Signs in and gives the browser a new session, whatever cookie it came with. Login or Throttled when refused."""
    address = request.client.host if request.client else ""
    opened = await sign_in(request.app.state.network, email=email, password=password, address=address)
    cookies.give(request, response, cookies.SESSION, opened.secret)
    cookies.take(request, response, cookies.FORM)
    return response


async def change_member(request: Request, response: Response, member: UUID) -> Response:
    """Works for another of her organizations from here on, under a new session. Forbidden when it is none of hers."""
    person = await _person(request)
    if person is None:
        raise Login("signed-in", "Sign in first.")
    secret = cookies.read(request, cookies.SESSION)
    opened = await switch_member(request.app.state.network, secret, person, member)
    cookies.give(request, response, cookies.SESSION, opened.secret)
    return response


async def end(request: Request, response: Response) -> Response:
    """Ends the session on the server, then in the browser."""
    await sign_out(request.app.state.network, cookies.read(request, cookies.SESSION))
    cookies.take(request, response, cookies.SESSION)
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response
