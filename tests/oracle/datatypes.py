"""Values of FHIR's data types as the field sends them: few different ones, so that searches meet them, and odd ones.

Numbers keep the form in which they are written: they are texts between marks until the body is written.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from tests.oracle.definitions import Json, codes

SYSTEMS = ("http://a.example/s", "http://b.example/s", "urn:oid:1.2.3")
CODES = ("a", "A", "b", "ab", "x,y", "p|q", "u$v", "w\\z", "10 min")
TEXTS = (
    *("Núñez", "NUNEZ Perez", "Strauß", "strauss", "Zoë", "Zoe\u0308", "Ångström", "O'Brien-Smith", "ﬁne", "Œuvre"),
    *("Anna  Maria", "x,y", "50%_off", "李", "Ñ", "food bank", "Food Bank of Łódź", "İzmir", "a\\b"),
    *("O’Brien Smith", "OBRIEN", "St.  Mary", "st mary", "´Okina", "?!", "-", "«Ça va»", "N.º 5"),
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
UNITS: tuple[Json, ...] = ({}, {"unit": "mg"}, {"system": "http://unitsofmeasure.org", "code": "mg", "unit": "mg"})
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


def value_of(kind: str, element: Json, made: Made, chance: Random) -> Any:
    """A value for an element of this data type; None where there is none to be had."""
    if kind == "code":
        return _code(element, chance)
    if kind == "Reference":
        return _reference(element, made, chance)
    return _SIMPLE[kind](chance) if kind in _SIMPLE else None


def _code(element: Json, chance: Random) -> Any:
    bound = codes(element.get("binding", {}).get("valueSet", "x/x"))
    return chance.choice([code for _, code in bound][:4] or ["a", "b"])


def _reference(element: Json, made: Made, chance: Random) -> Json | None:
    kinds = [t.rsplit("/", 1)[1] for each in element["type"] for t in each.get("targetProfile", ())]
    anything = not kinds or "Resource" in kinds
    names = [name for kind, each in made.names.items() if anything or kind in kinds for name in each]
    shape = chance.choice(("there", "there", "there", "both", "logical", "words"))
    if shape == "words" or (shape != "logical" and not names):
        return {"display": chance.choice(TEXTS)}
    found: Json = {} if shape == "logical" else {"reference": chance.choice(names)}
    if shape != "there":
        found["identifier"] = _identifier(chance)
    if shape == "logical" and kinds and not anything and chance.random() < 0.5:
        found["type"] = chance.choice(kinds)
    return found


def _pick(*choices: Any) -> Callable[[Random], Any]:
    return lambda chance: chance.choice(choices)


def _half(chance: Random, **makers: Callable[[Random], Any]) -> Json:
    """As often as not the whole object, else a part of it."""
    return {name: make(chance) for name, make in makers.items()} if chance.random() < 0.5 else _some(chance, **makers)


def _some(chance: Random, **makers: Callable[[Random], Any]) -> Json:
    """An object with at least one of its members."""
    names = sorted(makers)
    return {name: makers[name](chance) for name in chance.sample(names, chance.randint(1, len(names)))}


_text, _system, _word = _pick(*TEXTS), _pick(*SYSTEMS), _pick(*CODES)
_date, _date_time, _moment = _pick(*DATES), _pick(*DATES, *MOMENTS), _pick(*MOMENTS)


def _list_of(make: Callable[[Random], Any]) -> Callable[[Random], list[Any]]:
    return lambda chance: [make(chance) for _ in range(chance.randint(1, 2))]


def _coding(chance: Random) -> Json:
    return _half(chance, system=_system, code=_word, display=_text)


def _concept(chance: Random) -> Json:
    return _some(chance, coding=_list_of(_coding), text=_text)


def _identifier(chance: Random) -> Json:
    return _half(chance, system=_system, value=_word, type=_concept)


def _contact(chance: Random) -> Json:
    return {
        "system": chance.choice(("phone", "email")),
        "value": chance.choice(("555-1", "a@b.example")),
    }


def _name(chance: Random) -> Json:
    return _some(
        chance, family=_text, given=_list_of(_text), text=_text, prefix=_list_of(_text), suffix=_list_of(_text)
    )


def _address(chance: Random) -> Json:
    return _some(chance, line=_list_of(_text), city=_text, state=_text, postalCode=_text, country=_text, text=_text)


def _period(chance: Random) -> Json:
    """Open at one end, or in order."""
    start, end = sorted(chance.choices(DATES, k=2))
    shape = chance.choice(("both", "start", "end"))
    return {"start": start, "end": end} if shape == "both" else {shape: start}


def _timing(chance: Random) -> Json:
    return _some(
        chance, event=_list_of(_date_time), repeat=lambda inner: {"boundsPeriod": _period(inner)}, code=_concept
    )


def _quantity(chance: Random) -> Json:
    found = {"value": number(chance.choice(NUMBERS))}
    comparator = chance.choice(("", "", "", "<", "<=", ">", ">="))
    unit = chance.choice(UNITS)
    return {**found, **({"comparator": comparator} if comparator else {}), **unit}


_SIMPLE: Mapping[str, Callable[[Random], Any]] = {
    "boolean": _pick(True, False),
    "string": _text,
    "markdown": _text,
    "id": _pick("a", "b"),
    **dict.fromkeys(("uri", "url", "canonical"), _pick(*URIS)),
    "canonical": _pick(*URIS[:2], "http://a.example/p|1", "http://a.example/p|2"),
    "date": _date,
    "dateTime": _date_time,
    "instant": _moment,
    "decimal": lambda chance: number(chance.choice(NUMBERS)),
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
