"""Binary: bytes of any kind as a resource, and a resource as the bytes it holds. *Source*: R4 binary.html."""

from __future__ import annotations

import base64
import binascii
import re

from app.fhir.errors import MediaType, Structure
from app.fhir.json import JsonObject

UNKNOWN = "application/octet-stream"
_TOKEN = r"[A-Za-z0-9!#$&^_.+\-]{1,127}"
_MEDIA_TYPE = re.compile(
    rf'{_TOKEN}/{_TOKEN}(?:; ?{_TOKEN}=(?:{_TOKEN}|"[A-Za-z0-9 ./:_\-]{{0,127}}")){{0,8}}', re.ASCII
)


def of_bytes(media_type: str, body: bytes, security_context: str | None = None) -> JsonObject:
    """A Binary of what was sent as it is. `security_context` is the reference of the header X-Security-Context. Raises
    MediaType and Structure."""
    if not _MEDIA_TYPE.fullmatch(media_type):
        raise MediaType("media-type", "say in Content-Type what the bytes are, as image/png")
    if not body:
        raise Structure("binary-empty", "the body is empty; a Binary holds something")
    context = {"securityContext": {"reference": security_context}} if security_context else {}
    return {
        "resourceType": "Binary",
        "contentType": media_type,
        **context,
        "data": base64.b64encode(body).decode("ascii"),
    }


def security_context(tree: JsonObject) -> str:
    """The reference to the resource whose access is that of the Binary; '' without one."""
    context = tree.get("securityContext")
    text = context.get("reference") if type(context) is dict else None
    return text if type(text) is str else ""


def to_bytes(tree: JsonObject) -> tuple[str, bytes]:
    """(media type, bytes) of a Binary; a media type that no header may hold becomes one that says nothing."""
    kind = tree.get("contentType", "")
    try:
        content = base64.b64decode("".join(tree.get("data", "").split()))
    except binascii.Error:
        content = b""
    return (kind if type(kind) is str and _MEDIA_TYPE.fullmatch(kind) else UNKNOWN), content
