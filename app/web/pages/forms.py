"""A posted form, read within limits: `Form.text` gives what was typed, trimmed, with plain line breaks."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from starlette.requests import Request

from app.fhir.errors import Invalid, TooLong
from app.web.pages.csrf import refuse_other_sites, refuse_wrong_token

MAX_FORM_BYTES = 64 * 1024
MAX_FIELDS = 40  # the clinician's form has a dozen besides the records that go along; a test counts them
MAX_WORDS = 2000  # characters of one answer
CONTROL_CHARACTERS = {code: None for code in range(32) if code not in (9, 10)} | {127: None}


@dataclass(frozen=True, slots=True)
class Form:
    fields: Mapping[str, str]

    def text(self, name: str) -> str:
        return self.fields.get(name, "").replace("\r\n", "\n").translate(CONTROL_CHARACTERS).strip()

    def raw(self, name: str) -> str:
        """Exactly as typed: for passwords."""
        return self.fields.get(name, "")


async def posted_form(request: Request, expected_token: str) -> Form:
    """The form, once it is certain that our own page sent it. Forbidden, TooLong or Invalid otherwise."""
    form = await form_of_our_site(request)
    refuse_wrong_token(expected_token, form.raw("csrf"))
    return form


async def form_of_our_site(request: Request) -> Form:
    """The form without its token: nothing may be done with it but to show it to whoever sent it."""
    refuse_other_sites(request)
    return Form(_fields(await _body(request)))


async def _body(request: Request) -> bytes:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MAX_FORM_BYTES:
            raise TooLong("form-size", f"A form may have {MAX_FORM_BYTES} bytes.")
    return body


def _fields(body: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS)
    except ValueError:
        raise Invalid("form-encoding", "The form is not in UTF-8, or has too many fields.") from None
    if len(dict(pairs)) != len(pairs):
        raise Invalid("form-double", "A field of the form comes twice.")
    return dict(pairs)
