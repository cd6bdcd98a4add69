"""Rules of US Core and of Structured Data Capture about what repeats, in Python: by FHIRPath the number of an
organization takes some five milliseconds, and it may have a hundred of them.

*Source*: US Core 7.0.0 (us-core-6, 16 to 19 and 22, obs-3, provenance-1); SDC 3.0.0 (sdc-1, que-14, sdcqr-2). Who
calls it: `rules.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from app.fhir.invariant_tests import has
from app.fhir.profiles.context import Context, followed
from app.fhir.profiles.values import Item

Test = Callable[[Item, Context], bool]
_UNITS = "http://unitsofmeasure.org"
_ANSWERS = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-answerExpression"


def _written(pattern: str) -> Test:
    """Its value has this form."""
    compiled = re.compile(pattern)
    return lambda item, _: compiled.fullmatch(item.value.get("value", "")) is not None


def _checks_out(item: Item, _: Context) -> bool:
    """The check digit of a National Provider Identifier, by the algorithm of Luhn."""
    digits = item.value.get("value", "")[:10]
    if len(digits) < 10 or not (digits.isascii() and digits.isdecimal()):
        return False
    doubled = [2 * int(digit) for digit in digits[0::2]]
    return (sum(each if each < 10 else each - 9 for each in doubled) + sum(map(int, digits[1::2])) + 24) % 10 == 0


def _any_of(*names: str) -> Test:
    return lambda item, _: any(has(item.value, name) for name in names)


def _in_units(item: Item, _: Context) -> bool:
    return all(item.value.get(name, {}).get("system", _UNITS) == _UNITS for name in ("low", "high"))


def _computes(item: Item) -> bool:
    return any(each.get("url") == _ANSWERS for each in item.value.get("extension", ()))


def _computed_or_listed(item: Item, _: Context) -> bool:
    return not (_computes(item) and (has(item.value, "answerOption") or has(item.value, "answerValueSet")))


def _constrained(item: Item, _: Context) -> bool:
    return not has(item.value, "answerConstraint") or has(item.value, "answerOption") or _computes(item)


def _on_behalf(item: Item, context: Context) -> bool:
    """Whoever acts as a person or as a device acts for somebody."""
    who = followed(item.value.get("who"), context)
    acts = who is not None and who.get("resourceType") in ("Practitioner", "Device")
    return not acts or has(item.value, "onBehalfOf")


def one_item_each(item: Item, _: Context) -> bool:
    """Of a QuestionnaireResponse: no two items side by side answer one question (sdcqr-2; the engine finds none)."""
    waiting: list[Any] = [item.value]
    for node in waiting:  # which grows as it is read
        answered = [each.get("linkId") for each in node.get("item", ()) if _is_answered(each)]
        if len(answered) != len(set(answered)):
            return False
        waiting += [*node.get("item", ()), *node.get("answer", ())]
    return True


def _is_answered(node: Any) -> bool:
    return any(has(each, "value[x]") for each in node.get("answer", ()))


def _doubled(place: int) -> str:
    return f"(select(value.substring({place},1).toInteger()).select(iif($this<5, $this*2, (($this*2)-9))))"


def _single(place: int) -> str:
    return f"(value.substring({place},1).toInteger())"


_UNITS_ONLY = " and ".join(f"({name}.system.empty() or {name}.system = '{_UNITS}')" for name in ("low", "high"))
_DIGITS = "+".join(_single(place) if place % 2 else _doubled(place) for place in range(10))
# an expression, exactly -> the same in Python
REPEATED: Mapping[str, Test] = MappingProxyType(
    {
        "value.matches('^[0-9]{10}$')": _written("[0-9]{10}"),
        f"(({_DIGITS} + 24)mod 10=0)": _checks_out,
        "value.matches('^[0-9]{2}D[0-9]{7}$')": _written("[0-9]{2}D[0-9]{7}"),
        "value.matches('^[0-9]{5}$')": _written("[0-9]{5}"),
        "low.exists() or high.exists() or text.exists()": _any_of("low", "high", "text"),
        "who.exists((resolve() is Practitioner) or (resolve() is Device)) implies onBehalfOf.exists()": _on_behalf,
        "url.exists() or data.exists()": _any_of("url", "data"),
        _UNITS_ONLY: _in_units,
        f"extension('{_ANSWERS}').empty().not() implies (answerOption.empty() and answerValueSet.empty())": (
            _computed_or_listed
        ),
        "answerConstraint.exists() implies answerOption.exists() or answerValueset.exists() or "
        f"extension('{_ANSWERS}').exists()": _constrained,
    }
)
