"""Value sets and code systems as they are stored. One that cannot be read is as if it were not there."""

from app.fhir.terminology.facts import CodeSystemFacts, Concept, ValueSetFacts, read

# the codes above one in its row are parted by it
BETWEEN = "\t"


def value_set_in(text: str | None) -> ValueSetFacts | None:
    """None where there is none in the text, or it cannot be read."""
    found = _first(text)
    return found if isinstance(found, ValueSetFacts) else None


def code_system_in(text: str | None) -> CodeSystemFacts | None:
    """The head of one; None where there is none in the text, or it cannot be read."""
    found = _first(text)
    return found if isinstance(found, CodeSystemFacts) else None


def concept(code: str, display: str, above: str) -> Concept:
    """One of a row."""
    return Concept(code, display, tuple(above.split(BETWEEN)) if above else ())


def _first(text: str | None) -> ValueSetFacts | CodeSystemFacts | None:
    try:
        return next(iter(read(text or "")), None)
    except ValueError:
        return None
