"""Pages of the clinician's face: with her header, in her clinic's time, and a page for everything that goes wrong."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from app.gateways.ehr.smart import EhrTrouble
from app.services.launch.refusals import RULES, LaunchOver, LaunchRefused
from app.services.launch.session import Launched
from app.web.clinician import frames
from app.web.pages.numbers import request_id
from app.web.pages.templates import render

UNAUTHORIZED = 401


def page(request: Request, template: str, launched: Launched | None, *, status: int = 200, **view: Any) -> Response:
    """A template that extends `clinician/frame.html`; `visitor` in it is the launched clinician, or None."""
    return render(request, template, status=status, visitor=launched, **view)


def over_page(request: Request) -> Response:
    """This browser has no launch, or the EHR honours it no more: launch again. What was sent before is kept."""
    view = {"typed": typed(request), "number": request_id(request)}
    return page(request, "launch/over.html", None, status=UNAUTHORIZED, **view)


def typed(request: Request) -> tuple[str, ...]:
    """What was typed into the form that could not be sent, as far as a screen has noted it."""
    return tuple(request.scope.get("state", {}).get("typed", ()))


async def launch_over(request: Request, over: Exception) -> Response:
    assert isinstance(over, LaunchOver)
    return over_page(request)


async def ehr_trouble(request: Request, trouble: Exception) -> Response:
    """The EHR did not do its part while a page was made."""
    assert isinstance(trouble, EhrTrouble)
    if trouble.kind == "ended":
        return over_page(request)
    return refused_page(request, LaunchRefused(f"launch-ehr-{trouble.kind}", detail=trouble.words))


async def launch_refused(request: Request, refusal: Exception) -> Response:
    assert isinstance(refusal, LaunchRefused)
    return refused_page(request, refusal)


def refused_page(request: Request, refusal: LaunchRefused, *, again: str = "") -> Response:
    """Why the launch does not open and what helps. `again`: an address that may be opened in a window of its own.

    The address of this page bears what the EHR sent; nothing of it goes further than here.
    """
    frames.allow(request, refusal.connection)
    view = {"rule": refusal.rule, "ehr": refusal.ehr, "detail": refusal.detail, "again": again}
    answer = page(request, "launch/refused.html", None, status=RULES[refusal.rule], number=request_id(request), **view)
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer
