"""Which EHR's pages may show ours in a frame: the one that launched, and nobody else.

*Source*: security sheet WEB-02, G13.
"""

from starlette.requests import Request

from app.services.launch.registration import frame_origins
from app.store.connections import ConnectionRow
from app.web.pages.headers import FORMS_TO, FRAMED_BY

FRAMES = frozenset({"iframe", "frame", "embed", "object", "fencedframe"})


def allow(request: Request, row: ConnectionRow | None) -> None:
    """From here on the answer to this request may stand in a frame of this EHR, whatever page it becomes."""
    if row is not None:
        request.scope.setdefault("state", {})[FRAMED_BY] = frame_origins(row)


def lead_to(request: Request, row: ConnectionRow) -> None:
    """The form in the answer to this request may be sent to this EHR."""
    request.scope.setdefault("state", {})[FORMS_TO] = frame_origins(row)


def in_a_frame(request: Request) -> bool:
    """What the browser says; old ones say nothing."""
    return request.headers.get("sec-fetch-dest") in FRAMES
