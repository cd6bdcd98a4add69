"""Every referral that is not finished, with who has it and what comes next: nothing dies silently.

Whoever calls about one gives its number or a name. What is looked for is posted: a name belongs in no address.
"""

from starlette.requests import Request
from starlette.responses import Response

from app.services.referrals.find import find
from app.services.referrals.views import open_referrals
from app.web.pages import session
from app.web.pages.forms import posted_form
from app.web.pages.templates import render

LONGEST = 200


async def show(request: Request) -> Response:
    visitor = await session.operator(request)
    items = await open_referrals(request.app.state.network, visitor.caller)
    return render(request, "ops/open.html", visitor=visitor, items=items, wanted="")


async def look(request: Request) -> Response:
    """Open and lately ended referrals with this number or name; everything that is open when nothing was typed."""
    visitor = await session.operator(request)
    wanted = (await posted_form(request, visitor.csrf)).text("wanted")[:LONGEST]
    network = request.app.state.network
    looked = find(network, visitor.caller, wanted) if wanted else open_referrals(network, visitor.caller)
    return render(request, "ops/open.html", visitor=visitor, items=await looked, wanted=wanted)
