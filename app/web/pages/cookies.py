"""The two cookies: who is signed in, and, before that, to which browser the sign-in form was given.

In production their names begin with `__Host-`: browsers then refuse to let a sibling domain set them. A name that comes
twice was tossed in by somebody else, and counts as absent.
"""

from collections.abc import Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

SESSION: Final = "sid"
FORM: Final = "form"


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
    response.set_cookie(_full_name(request, name), value, **_flags(request))  # type: ignore[arg-type]


def take(request: Request, response: Response, name: str) -> None:
    response.delete_cookie(_full_name(request, name), **_flags(request))  # type: ignore[arg-type]


def _full_name(request: Request, name: str) -> str:
    return name if request.app.state.network.settings.development else f"__Host-{name}"


def _flags(request: Request) -> Mapping[str, object]:
    production = not request.app.state.network.settings.development
    return {"path": "/", "httponly": True, "samesite": "lax", "secure": production}
