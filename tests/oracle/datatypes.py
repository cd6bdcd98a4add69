"""Values of FHIR's data types as the field sends them: few different ones, so that searches meet them, and odd ones.

Numbers keep the form in which they are written: they are texts between marks until the body is written.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from tests.oracle.definitions import Json, codes

Draw = Callable[[st.SearchStrategy[Any]], Any]

SYSTEMS = ("http://a.example/s", "http://b.example/s", "urn:oid:1.2.3")
CODES = ("a", "A", "b", "ab", "x,y", "p|q", "u$v", "w\\z", "10 min")
TEXTS = (
    *("Núñez", "NUNEZ Perez", "Strauß", "strauss", "Zoë", "Zoe\u0308", "Ångström", "O'Brien-Smith", "ﬁne", "Œuvre"),
    *("Anna  Maria", "x,y", "50%_off", "李", "Ñ", "food bank", "Food Bank of Łódź", "İzmir", "a\\b"),
    # longer than an index entry is
    *("x" * 180 + " the end", "x" * 180 + " another end", "é" * 400),
)
DATES = ("2024", "2023", "2024-02", "2024-03", "2024-02-29", "2024-03-01", "2023-12-31", "1999-12-31", "9999-12-31")
MOMENTS = (
    *("2024-02-29T23:59:59Z", "2024-03-01T00:30:00+01:00", "2024-02-29T23:59:59.999Z", "2023-12-31T19:00:00-05:00"),
    *("2024-03-01T00:00:00Z", "2024-02-29T12:00:00.5Z", "2024-02-29T12:00:00+14:00"),
)
NUMBERS = ("5", "5.0", "5.4", "5.40", "5.45", "5.35", "-3", "0", "0.001", "99.5", "100", "100.49", "1e2")
URIS = (
    "http://a.example/p",
    "http://a.example/p/q",
    "http://A.example/p",
    "urn:uuid:0198c0de-0000-7000-8000-000000000000",
)
_NUMBER_MARK = "\u2060"


@dataclass(frozen=True, slots=True)
class Made:
    """What the references of a resource may lead to: type -> references as they are to be written."""

    names: Mapping[str, tuple[str, ...]]


def number(text: str) -> str:
    return f"{_NUMBER_MARK}{text}{_NUMBER_MARK}"


def written(body: str) -> str:
    """The JSON text with its numbers in the form that was drawn."""
    return body.replace(f'"{_NUMBER_MARK}', "").replace(f'{_NUMBER_MARK}"', "")


def value_of(kind: str, element: Json, made: Made, draw: Draw) -> Any:
    """A value for an element of this data type; None where there is none to be had."""
    if kind == "code":
        return _code(element, draw)
    if kind == "Reference":
        return _reference(element, made, draw)
    return _SIMPLE[kind](draw) if kind in _SIMPLE else None


def _code(element: Json, draw: Draw) -> Any:
    bound = codes(element.get("binding", {}).get("valueSet", "x/x"))
    return draw(st.sampled_from([code for _, code in bound][:4] or ["a", "b"]))


def _reference(element: Json, made: Made, draw: Draw) -> Json | None:
    kinds = [t.rsplit("/", 1)[1] for each in element["type"] for t in each.get("targetProfile", ())]
    anything = not kinds or "Resource" in kinds
    names = [name for kind, each in made.names.items() if anything or kind in kinds for name in each]
    shape = draw(st.sampled_from(("there", "there", "there", "both", "logical", "words")))
    if shape == "words" or (shape != "logical" and not names):
        return {"display": draw(st.sampled_from(TEXTS))}
    found: Json = {} if shape == "logical" else {"reference": draw(st.sampled_from(names))}
    if shape != "there":
        found["identifier"] = _identifier(draw)
    if shape == "logical" and kinds and not anything and draw(st.booleans()):
        found["type"] = draw(st.sampled_from(kinds))
    return found


def _pick(*choices: Any) -> Callable[[Draw], Any]:
    strategy = st.sampled_from(choices)
    return lambda draw: draw(strategy)


def _some(draw: Draw, **makers: Callable[[Draw], Any]) -> Json:
    """An object with at least one of its members."""
    names = draw(st.lists(st.sampled_from(sorted(makers)), min_size=1, unique=True))
    return {name: makers[name](draw) for name in sorted(names)}


_text, _system, _word = _pick(*TEXTS), _pick(*SYSTEMS), _pick(*CODES)
_date, _date_time, _moment = _pick(*DATES), _pick(*DATES, *MOMENTS), _pick(*MOMENTS)


def _list_of(make: Callable[[Draw], Any]) -> Callable[[Draw], list[Any]]:
    return lambda draw: [make(draw) for _ in range(draw(st.integers(1, 2)))]


def _coding(draw: Draw) -> Json:
    return _some(draw, system=_system, code=_word, display=_text)


def _concept(draw: Draw) -> Json:
    return _some(draw, coding=_list_of(_coding), text=_text)


def _identifier(draw: Draw) -> Json:
    return _some(draw, system=_system, value=_word, type=_concept)


def _contact(draw: Draw) -> Json:
    return {
        "system": draw(st.sampled_from(("phone", "email"))),
        "value": draw(st.sampled_from(("555-1", "a@b.example"))),
    }


def _name(draw: Draw) -> Json:
    return _some(draw, family=_text, given=_list_of(_text), text=_text, prefix=_list_of(_text), suffix=_list_of(_text))


def _address(draw: Draw) -> Json:
    return _some(draw, line=_list_of(_text), city=_text, state=_text, postalCode=_text, country=_text, text=_text)


def _period(draw: Draw) -> Json:
    """Open at one end, or in order."""
    start, end = sorted(draw(st.lists(st.sampled_from(DATES), min_size=2, max_size=2)))
    shape = draw(st.sampled_from(("both", "start", "end")))
    return {"start": start, "end": end} if shape == "both" else {shape: start}


def _timing(draw: Draw) -> Json:
    return _some(draw, event=_list_of(_date_time), repeat=lambda d: {"boundsPeriod": _period(d)}, code=_concept)


def _quantity(draw: Draw) -> Json:
    found = {"value": number(draw(st.sampled_from(NUMBERS)))}
    comparator = draw(st.sampled_from(("", "", "", "<", "<=", ">", ">=")))
    unit = draw(
        st.sampled_from(({}, {"unit": "mg"}, {"system": "http://unitsofmeasure.org", "code": "mg", "unit": "mg"}))
    )
    return {**found, **({"comparator": comparator} if comparator else {}), **unit}


_SIMPLE: Mapping[str, Callable[[Draw], Any]] = {
    "boolean": _pick(True, False),
    "string": _text,
    "markdown": _text,
    "id": _pick("a", "b"),
    **dict.fromkeys(("uri", "url", "canonical"), _pick(*URIS)),
    "canonical": _pick(*URIS[:2], "http://a.example/p|1", "http://a.example/p|2"),
    "date": _date,
    "dateTime": _date_time,
    "instant": _moment,
    "decimal": lambda draw: number(draw(st.sampled_from(NUMBERS))),
    **{kind: _pick(*range(least, 4)) for kind, least in (("integer", 0), ("unsignedInt", 0), ("positiveInt", 1))},
    "Coding": _coding,
    "CodeableConcept": _concept,
    "Identifier": _identifier,
    "ContactPoint": _contact,
    "HumanName": _name,
    "Address": _address,
    "Period": _period,
    "Timing": _timing,
    "Quantity": _quantity,
}
