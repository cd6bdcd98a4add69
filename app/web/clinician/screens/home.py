"""`/clinician`: to the pages of the launch that is open in this browser."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.web.clinician.session import SEE_OTHER, current


async def lead(request: Request) -> Response:
    return RedirectResponse(f"/clinician/{(await current(request)).id}", SEE_OTHER)
