"""The number of a request: what stands in the log, in the answer's X-Request-Id and on an error page."""

from starlette.requests import Request


def request_id(request: Request) -> str:
    return str(request.scope.get("state", {}).get("request_id", ""))
