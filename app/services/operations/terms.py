"""Which value set or code is meant by what an operation is called with."""

from collections.abc import Sequence

from app.fhir.errors import Invalid, NotFound, Required
from app.fhir.json import JsonObject
from app.fhir.terminology.facts import ValueSetFacts
from app.services.operations.inputs import Inputs
from app.services.terminology.known import Terms

# (system or None, code)
Code = tuple[str | None, str]


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
    """The codes that are asked about: `code` with `system`, a `coding`, or a `codeableConcept`. Raises Required."""
    code = given.one("code")
    if code is not None:
        return [(given.one("system"), code)]
    coding, concept = given.complex.get("coding"), given.complex.get("codeableConcept")
    listed = [coding] if coding is not None else (concept or {}).get("coding", ())
    found = [_code(each) for each in listed]
    if not found:
        raise Required("terminology-code", "send code and system, coding, or codeableConcept", "code")
    return found


def _code(coding: JsonObject) -> Code:
    code, system = coding.get("code"), coding.get("system")
    if type(code) is not str or not (system is None or type(system) is str):
        raise Invalid("terminology-code", "a coding has a system and a code", "coding")
    return system, code
