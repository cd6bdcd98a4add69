"""/openapi.json and /docs: open to everybody, computed from the registry when they are asked for."""

from dataclasses import dataclass

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.fhir.registry import SearchParameter
from app.services.operations import OPERATIONS, Operation
from app.web.api_docs.document import WORDS, document
from app.web.pages.templates import render


@dataclass(frozen=True, slots=True)
class TypeView:
    """One type as the page tells it."""

    name: str
    interactions: tuple[tuple[str, str], ...]
    parameters: tuple[SearchParameter, ...]
    includes: tuple[str, ...]
    revincludes: tuple[str, ...]
    operations: tuple[Operation, ...]


async def openapi(request: Request) -> Response:
    network = request.app.state.network
    body = orjson.dumps(document(network.asking, network.base))
    return Response(body, media_type="application/json", headers={"Access-Control-Allow-Origin": "*"})


async def docs(request: Request) -> Response:
    network = request.app.state.network
    types = tuple(
        TypeView(
            name,
            tuple((each, WORDS[each]) for each in served.interactions),
            tuple(served.parameters[code] for code in sorted(served.parameters)),
            tuple(f"{name}:{code}" for code in served.includes),
            served.revincludes,
            tuple(each for each in OPERATIONS if each.offered("type", name) or each.offered("instance", name)),
        )
        for name, served in sorted(network.asking.types.items())
    )
    return render(request, "api.html", visitor=None, base=network.base, types=types)


ROUTES = (Route("/openapi.json", openapi), Route("/docs", docs))
