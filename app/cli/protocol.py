"""HTTP as the server reads it; what cannot be read as HTTP gets a whole answer too.

The library under uvicorn refuses unknown methods and broken requests before any application sees them, with a line of
plain text. Here they leave as every other refusal: an OperationOutcome with the number of the request.
*Source*: security sheet ERR-01, A38; RFC 9110 15.6.2 (501).
"""

import sys

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from app.clock import SystemIds
from app.fhir import json
from app.fhir.errors import Issue
from app.fhir.outcomes import operation_outcome

UNKNOWN_METHOD = Issue("not-supported", "method", "there is no such method here; /fhir/metadata says what there is")
NO_REQUEST = Issue("structure", "http", "this cannot be read as a request of HTTP/1.1")


class WholeAnswers(HttpToolsProtocol):
    """uvicorn's own protocol, but for the answer to what is no request."""

    def send_400_response(self, msg: str) -> None:
        """501 for a method that nobody knows, 400 for the rest; the connection ends."""
        unknown = type(sys.exc_info()[1]).__name__ == "HttpParserInvalidMethodError"
        body = json.dump(operation_outcome([UNKNOWN_METHOD if unknown else NO_REQUEST]))
        head = (
            STATUS_LINE[501 if unknown else 400],
            b"content-type: application/fhir+json;charset=utf-8\r\n",
            b"content-length: %d\r\n" % len(body),
            b"cache-control: no-store\r\n",
            b"x-request-id: %s\r\n" % str(SystemIds().next()).encode(),
            b"connection: close\r\n\r\n",
        )
        self.transport.write(b"".join(head) + body)
        self.transport.close()
