"""No other site can make a signed-in browser do something: where the request came from, and a token it cannot know.

Both are checked on every unsafe method: SameSite cookies alone are not enough (sibling subdomains, old browsers), and
neither is a header that a browser may leave out.
"""

import hmac
from urllib.parse import urlsplit

from starlette.requests import Request

from app.fhir.errors import Forbidden

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def refuse_other_sites(request: Request) -> None:
    """Forbidden when the browser says that another site sent this. Saying nothing still needs the token."""
    fetch_site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if fetch_site is not None and fetch_site not in ("same-origin", "none"):
        raise Forbidden("cross-site-form", "This form was sent from another site.")
    if origin is not None and origin not in _own_origins(request):
        raise Forbidden("cross-site-form", "This form was sent from another site.")


def _own_origins(request: Request) -> set[str]:
    """The public address; in development also the address that was typed (localhost, 127.0.0.1, another port)."""
    settings = request.app.state.network.settings
    public = urlsplit(settings.public_url)
    own = {f"{public.scheme}://{public.netloc}"}
    return own | {f"{request.url.scheme}://{request.headers.get('host', '')}"} if settings.development else own


def refuse_wrong_token(expected: str, sent: str) -> None:
    """Forbidden when the form does not carry the token that its own page was given."""
    if not expected or not hmac.compare_digest(expected.encode(), sent.encode()):
        raise Forbidden("csrf-token", "The page stood open for too long. Load it again and try once more.")
