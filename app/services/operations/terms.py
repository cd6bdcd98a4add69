"""Which value set or code is meant by what an operation is called with."""

from collections.abc import Sequence
from typing import NamedTuple

from app.fhir.errors import Invalid, NotFound, Required
from app.fhir.json import JsonObject
from app.fhir.terminology.facts import ValueSetFacts, system_of
from app.services.operations.inputs import Inputs
from app.services.terminology.known import Terms

# as a value set holds them: without a system, a code means nothing
MEANT = "send code and system, coding, or codeableConcept"


class Code(NamedTuple):
    """`display`: what whoever asks takes it to mean, '' where they do not say."""

    system: str
    code: str
    display: str = ""


async def asked_for(terms: Terms, fhir_id: Sequence[str], given: Inputs) -> ValueSetFacts:
    """The value set that is meant, by its id in the address or by its url. Raises NotFound, Required."""
    if fhir_id:
        url, version = await terms.url_of("value-set", fhir_id[0]), given.one("valueSetVersion") or ""
    else:
        text = given.one("url")
        if text is None:
            raise Required("terminology-url", "name the value set by its url", "url")
        url, _, version = text.partition("|")
        version = given.one("valueSetVersion") or version
    facts = await terms.value_set(url)
    if facts is None or (version and facts.version and version != facts.version):
        raise NotFound("value-set-unknown", "this value set is not known here; baton terminology import brings more")
    return facts


def codes_of(given: Inputs) -> list[Code]:
    """The codes that are asked about: `code` with `system`, a `coding`, or a `codeableConcept`. Raises Required,
    Invalid."""
    code, system = given.one("code"), given.one("system")
    if code is not None:
        if not system:
            raise Required("terminology-code", "send the code's system, too", "system")
        return [Code(system_of(system), code, given.one("display") or "")]
    coding, concept = given.complex.get("coding"), given.complex.get("codeableConcept")
    listed = [coding] if coding is not None else (concept or {}).get("coding", [])
    found = [_code(each) for each in listed] if type(listed) is list else []
    if not found:
        raise Required("terminology-code", MEANT, "code")
    return found


def _code(coding: JsonObject) -> Code:
    """A coding without a system is a code of none."""
    told = [coding.get(name, "") for name in ("system", "code", "display")] if type(coding) is dict else []
    if not told or not all(type(each) is str for each in told) or not told[1]:
        raise Invalid("terminology-code", "a coding has a system and a code", "coding")
    return Code(system_of(told[0]), told[1], told[2])
