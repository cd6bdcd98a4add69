"""All pages for people as one application, to be mounted behind the addresses of the FHIR face and OAuth."""

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from app.fhir.errors import Refusal
from app.gateways.ehr.smart import EhrTrouble
from app.services.launch.refusals import LaunchOver, LaunchRefused
from app.services.network import Network
from app.web.api_docs.routes import ROUTES as API_ROUTES
from app.web.cbo.routes import ROUTES as CBO_ROUTES
from app.web.clinician.pages import ehr_trouble, launch_over, launch_refused
from app.web.clinician.routes import ROUTES as CLINICIAN_ROUTES
from app.web.clinician.session import PageInstead, page_instead
from app.web.ops.routes import ROUTES as OPS_ROUTES
from app.web.pages.errors import LastResort, http_page, refusal_page
from app.web.pages.headers import SecurityHeaders
from app.web.pages.templates import STATIC, load_pages

ROUTES = (*API_ROUTES, *CBO_ROUTES, *OPS_ROUTES, *CLINICIAN_ROUTES)


def site(network: Network) -> Starlette:
    """The pages of all people, ready to be mounted at "/": whatever they do not know is their 404 page."""
    pages = Starlette(
        routes=[Mount("/static", StaticFiles(directory=STATIC)), *ROUTES],
        middleware=[Middleware(SecurityHeaders, https=not network.settings.development), Middleware(LastResort)],
        exception_handlers={
            Refusal: refusal_page,
            HTTPException: http_page,
            PageInstead: page_instead,
            LaunchRefused: launch_refused,
            LaunchOver: launch_over,
            EhrTrouble: ehr_trouble,
        },
    )
    pages.state.network = network
    pages.state.pages = load_pages()
    return pages
