"""The cookies: who is signed in, and, before that, to which browser the sign-in form was given; and the same for a
clinician who comes from her EHR.

In production their names begin with `__Host-`: browsers then refuse to let a sibling domain set them. A name that comes
twice was tossed in by somebody else, and counts as absent. Only a launch's cookies are sent inside another site's
frame, and there the browser keeps a jar for each EHR (`Partitioned`): a launch in a frame knows nothing of one in a
window.
"""

from typing import Final, Literal, TypedDict

from starlette.requests import Request
from starlette.responses import Response

SESSION: Final = "sid"
FORM: Final = "form"
LAUNCH: Final = "launch"
LAUNCH_BROWSER: Final = "launch-browser"
IN_FRAMES: Final = frozenset({LAUNCH, LAUNCH_BROWSER})


def read(request: Request, name: str) -> str:
    """The cookie's value; empty when it is absent or comes more than once."""
    full = _full_name(request, name)
    pairs = [pair.strip().partition("=") for line in request.headers.getlist("cookie") for pair in line.split(";")]
    values = [value for found, _, value in pairs if found == full]
    return values[0] if len(values) == 1 else ""


def form_token(request: Request) -> str:
    """The token for a form that is shown before signing in: the one this browser has, else a new one."""
    return read(request, FORM) or request.app.state.network.ids.secret().hex()


def give(request: Request, response: Response, name: str, value: str) -> None:
    """Sets it until the browser closes; scripts cannot read it."""
    response.set_cookie(_full_name(request, name), value, **_flags(request, name))
    _partition(request, response, name)


def take(request: Request, response: Response, name: str) -> None:
    response.delete_cookie(_full_name(request, name), **_flags(request, name))
    _partition(request, response, name)


def _full_name(request: Request, name: str) -> str:
    return name if request.app.state.network.settings.development else f"__Host-{name}"


class _Flags(TypedDict):
    path: str
    httponly: bool
    samesite: Literal["lax", "none"]
    secure: bool


def _flags(request: Request, name: str) -> _Flags:
    production = not request.app.state.network.settings.development
    same_site: Literal["lax", "none"] = "none" if production and name in IN_FRAMES else "lax"
    return {"path": "/", "httponly": True, "samesite": same_site, "secure": production}


def _partition(request: Request, response: Response, name: str) -> None:
    """Added by hand: the web framework offers it from Python 3.14 on."""
    if name in IN_FRAMES and not request.app.state.network.settings.development:
        header, value = response.raw_headers.pop()
        response.raw_headers.append((header, value + b"; Partitioned"))
