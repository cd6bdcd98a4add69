"""The paper behind a Consent, to be kept and read beside the page: always a download, never shown as a page of ours."""

from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from app.services.consents.document import consent_document
from app.web.pages import session

SANDBOX = "sandbox; default-src 'none'"
FILE_ENDINGS = {
    "application/pdf": "pdf",
    "image/jpeg": "jpg",
    "image/png": "png",
    "text/plain": "txt",
}
JUST_BYTES = "application/octet-stream"


async def download(request: Request) -> Response:
    """The bytes as an attachment under a name of ours. Its type is only repeated when it is one that cannot run."""
    visitor = await session.operator(request)
    key: UUID = request.path_params["referral"]
    document = await consent_document(request.app.state.network, visitor.caller, key)
    ending = FILE_ENDINGS.get(document.content_type)
    headers = {
        "Content-Disposition": f'attachment; filename="consent-{key.hex[-6:]}.{ending or "bin"}"',
        "Content-Security-Policy": SANDBOX,
    }
    return Response(document.data, media_type=document.content_type if ending else JUST_BYTES, headers=headers)
