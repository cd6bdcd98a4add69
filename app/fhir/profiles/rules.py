"""The invariants of profiles: what a rule says in words where its FHIRPath says less, Python for those that are met
often, the FHIRPath engine for all others.

*Source*: SDOH Clinical Care 3.0.0 (sheet sections 3.3 and 12: SDOH-Task-1, 2, 3, 6 and 7 test less than they say); US
Core 7.0.0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from app.fhir.fhirpath import NotFhirPath, Subject, TooMuch, test_of
from app.fhir.invariant_tests import codings, has
from app.fhir.primitives import Flaw
from app.fhir.problems import Problems, report
from app.fhir.profiles.checks import type_behind
from app.fhir.profiles.context import Context, ItemCheck, followed
from app.fhir.profiles.facts import Rule
from app.fhir.profiles.rules_repeated import REPEATED, one_item_each
from app.fhir.profiles.values import Item

Test = Callable[[Item, Context], bool | None]
TEMPORARY = "http://hl7.org/fhir/us/sdoh-clinicalcare/CodeSystem/SDOHCC-CodeSystemTemporaryCodes"
SDC = "http://hl7.org/fhir/uv/sdc/CodeSystem/temp"
LOINC = "http://loinc.org"
US_CORE_CATEGORY = "http://hl7.org/fhir/us/core/CodeSystem/us-core-category"
CONDITION_CATEGORY = "http://terminology.hl7.org/CodeSystem/condition-category"
US_CORE_CONDITION_CATEGORY = "http://hl7.org/fhir/us/core/CodeSystem/condition-category"
_ASSERTER = "http://hl7.org/fhir/us/sdoh-clinicalcare/StructureDefinition/SDOHCC-ExtensionConditionAsserter"
_ALTERNATE = "http://hl7.org/fhir/StructureDefinition/alternate-reference"
_ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
_FORMS = ((SDC, "questionnaire"), (TEMPORARY, "questionnaire-pdf"), (TEMPORARY, "questionnaire-url"))


def rule_check(rule: Rule, profile: str, path: str = "", *, shipped: bool = False) -> ItemCheck:
    """The check of one rule. A rule that nobody can evaluate never refuses. `path`: where R4 has what it is about.
    `shipped`: it is known to take little, and has its work to itself; all others share that of the write."""
    test = STATED.get((rule.key, rule.human)) or TRANSLATED.get(rule.expression)
    test = test or _later(rule.expression, path, shipped)
    flaw = Flaw("invariant", rule.key, f"{profile}: {rule.human}", rule.severity)
    answer = ANSWERS.get(rule.key) if (rule.key, rule.human) in STATED else None
    unchecked = Flaw("not-supported", "rule-unchecked", f"{profile}: {rule.key} was not checked.", "information")

    def check(item: Item, found: Problems, context: Context) -> None:
        try:
            holds = test(item, context)
        except TooMuch:
            return report(found, unchecked)
        except (AttributeError, TypeError, KeyError, ValueError):
            return  # it stumbled over what the structure's checks report
        if holds is False:
            report(found, flaw)
            if answer is not None and not _outputs_are(item.value, answer):
                report(found, flaw, "output")

    return check


def is_written(rule: Rule) -> bool:
    """Whether a rule is in Python here; else its FHIRPath is evaluated."""
    return (rule.key, rule.human) in STATED or rule.expression in TRANSLATED


def _later(expression: str, path: str, shipped: bool) -> Test:
    """Compiled when it is first asked for: most profiles are never met."""
    compiled: list[Any] = []

    def test(item: Item, context: Context) -> bool | None:
        if not compiled:
            try:
                compiled.append(test_of(expression))
            except NotFhirPath:
                compiled.append(None)
        if compiled[0] is None:
            raise TooMuch  # what cannot be read, least of all

        def resolve(reference: Any) -> Any:
            return followed(reference, context)

        kind = path if item.kind in ("BackboneElement", "Element") and path else item.kind
        holds: bool | None = compiled[0](
            Subject(item.value, kind, item.beside),
            context.resource,
            context.inside.root,
            resolve,
            context.knowledge.contains,
            context.knowledge.work_shipped if shipped else context.knowledge.work,
        )
        return holds

    return test


def _coded(*pairs: tuple[str, str]) -> frozenset[tuple[str | None, str | None]]:
    return frozenset(pairs)


def _typed(tree: Any, name: str, *pairs: tuple[str, str]) -> int:
    """How many inputs or outputs of a Task are of one of these types."""
    listed = tree.get(name)
    if not listed:
        return 0
    wanted = _coded(*pairs)
    return sum(1 for each in listed if not wanted.isdisjoint(codings(each.get("type"))))


def _is(tree: Any, pair: tuple[str, str]) -> bool:
    return pair in codings(tree.get("code"))


def _outputs_are(tree: Any, pair: tuple[str, str]) -> bool:
    return _typed(tree, "output", pair) == len(tree.get("output", ()))


def _one_form(item: Item, _: Context) -> bool:
    task = item.value
    if not _is(task, (SDC, "complete-questionnaire")):
        return True
    return _typed(task, "input", *_FORMS) == 1 and _typed(task, "input", (TEMPORARY, "questionnaire-category")) > 0


def _general_information(item: Item, _: Context) -> bool:
    task = item.value
    if not _is(task, (TEMPORARY, "general-information")):
        return True
    return has(task, "description") and _outputs_are(task, ANSWERS["SDOH-Task-2"])


def _material(item: Item, context: Context) -> bool | None:
    task = item.value
    if not _is(task, (TEMPORARY, "review-material")):
        return True
    kind = type_behind(task.get("focus"), context)
    return kind == "DocumentReference" if kind is not None or "focus" not in task else None


def _contact_entity(item: Item, _: Context) -> bool:
    return (
        not _is(item.value, (TEMPORARY, "make-contact"))
        or _typed(item.value, "input", (TEMPORARY, "contact-entity")) > 0
    )


def _contact(item: Item, _: Context) -> bool:
    task = item.value
    if not _is(task, (TEMPORARY, "make-contact")):
        return True
    return has(task, "description") and _outputs_are(task, ANSWERS["SDOH-Task-7"])


def _answered(asked: tuple[str, str], answer: tuple[str, str]) -> Test:
    """A form that was sent out comes back as its own kind of answer."""

    def test(item: Item, _: Context) -> bool:
        return not _typed(item.value, "input", asked) or _outputs_are(item.value, answer)

    return test


def _category(*pairs: tuple[str, str]) -> Test:
    wanted = _coded(*pairs)
    return lambda item, _: any(not wanted.isdisjoint(codings(each)) for each in item.value.get("category", ()))


def _component_or_absent(code: str) -> Test:
    def test(item: Item, _: Context) -> bool:
        listed = item.value.get("component", ())
        found = any((LOINC, code) in codings(each.get("code")) for each in listed)
        return has(item.value, "dataAbsentReason") != found

    return test


def _extended(tree: Any, url: str) -> int:
    return sum(1 for each in tree.get("extension", ()) if each.get("url") == url)


def _one_asserter(item: Item, _: Context) -> bool:
    return _extended(item.value, _ASSERTER) + has(item.value, "asserter") <= 1


def _subject_or_alternate(item: Item, _: Context) -> bool:
    return ("reference" in item.value) != bool(_extended(item.value, _ALTERNATE))


def _named_or_absent(item: Item, _: Context) -> bool:
    named = has(item.value, "family") or has(item.value, "given")
    return named != bool(_extended(item.value, _ABSENT))


def _when(member: str, values: frozenset[str], needed: str) -> Test:
    return lambda item, _: item.value.get(member) not in values or has(item.value, needed)


def _value_or_absent(item: Item, _: Context) -> bool:
    return has(item.value, "dataAbsentReason") or has(item.value, "value[x]")


def _value_somewhere(item: Item, context: Context) -> bool:
    return has(item.value, "component") or has(item.value, "hasMember") or _value_or_absent(item, context)


def _day_at_least(item: Item, _: Context) -> bool:
    return item.kind != "dateTime" or item.value is None or len(item.value) >= len("2026-11-29")


# rules about outputs and something else: what all outputs are. Told at the outputs, too, so that one which is added
# where the rule was broken for another reason is not taken for what was wrong before
ANSWERS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "SDOH-Task-2": (TEMPORARY, "general-information-response"),
        "SDOH-Task-7": (TEMPORARY, "chosen-contact"),
    }
)
# (key, words) -> what the words say
STATED: Mapping[tuple[str, str], Test] = MappingProxyType(
    {
        (
            "SDOH-Task-1",
            'If Task.code is “complete-questionnaire”, then exactly one Task.input of either "questionnaire", '
            '"questionnaire-pdf", or "questionnaire-url" is required and Task.input "questionnaire-category" is '
            "required.",
        ): _one_form,
        (
            "SDOH-Task-2",
            "If Task.code is “general-information”, then Task.description is required and Task.output, if present, "
            "must be “general-information-response”.",
        ): _general_information,
        (
            "SDOH-Task-3",
            'If Task.code is "review-material", then Task.focus of DocumentReference is required.',
        ): _material,
        (
            "SDOH-Task-4",
            'If Task.code is "make-contact", then Task.input of at least one "contact-entity" is required.',
        ): _contact_entity,
        (
            "SDOH-Task-5",
            'If Task.input is "questionnaire", then Task.output, if present, must be "questionnaire-response".',
        ): _answered((SDC, "questionnaire"), (SDC, "questionnaire-response")),
        (
            "SDOH-Task-6",
            'If Task.input is "questionnaire-pdf", then Task.output, if present, must be '
            '"questionnaire-pdf-completed".',
        ): _answered((TEMPORARY, "questionnaire-pdf"), (TEMPORARY, "questionnaire-pdf-completed")),
        (
            "SDOH-Task-7",
            'If Task.code is "make-contact", then Task.description is required and Task.output, if present, must be '
            '"chosen-contact".',
        ): _contact,
        (
            "sdcqr-2",
            "When repeats=true for a group, it'll be represented with multiple items with the same linkId in the "
            "QuestionnaireResponse. For a question, it'll be represented by a single item with that linkId with "
            "multiple answers.",
        ): one_item_each,
    }
)

_HAS_VALUE = "(dataAbsentReason.exists() or value.exists())"
_CONDITION_CATEGORIES = (
    "category.where(coding.where(system = 'http://terminology.hl7.org/CodeSystem/condition-category' and "
    "code='encounter-diagnosis').exists()).exists() or category.where(coding.memberOf("
    "'http://hl7.org/fhir/us/core/ValueSet/us-core-problem-or-health-concern')).exists()"
)
# an expression, exactly -> the same in Python
TRANSLATED: Mapping[str, Test] = MappingProxyType(
    {
        **REPEATED,
        f"extension('{_ASSERTER}').count()+asserter.count()<=1": _one_asserter,
        _CONDITION_CATEGORIES: _category(
            (CONDITION_CATEGORY, "encounter-diagnosis"),
            (CONDITION_CATEGORY, "problem-list-item"),
            (US_CORE_CONDITION_CATEGORY, "health-concern"),
        ),
        f"category.where(coding.where(system = '{US_CORE_CATEGORY}' and code='sdoh').exists()).exists()": _category(
            (US_CORE_CATEGORY, "sdoh")
        ),
        "dataAbsentReason.exists() xor component.where(code.coding.exists(system='http://loinc.org' and "
        "code='72826-1')).exists()": _component_or_absent("72826-1"),
        "dataAbsentReason.exists() xor component.where(code.coding.exists(system='http://loinc.org' and "
        "code='69490-1')).exists()": _component_or_absent("69490-1"),
        f"reference.exists() xor extension('{_ALTERNATE}').exists()": _subject_or_alternate,
        "focus.exists() implies subject.exists()": lambda item, _: (
            not has(item.value, "focus") or has(item.value, "subject")
        ),
        "performer.exists() or derivedFrom.exists()": lambda item, _: (
            has(item.value, "performer") or has(item.value, "derivedFrom")
        ),
        f"(family.exists() or given.exists()) xor extension.where(url='{_ABSENT}').exists()": _named_or_absent,
        "value.exists() or dataAbsentReason.exists()": _value_or_absent,
        f"(component.empty() and hasMember.empty()) implies {_HAS_VALUE}": _value_somewhere,
        "(status='completed' or status='in-progress') implies performed.exists()": _when(
            "status", frozenset(("completed", "in-progress")), "performed[x]"
        ),
        "$this is dateTime implies $this.toString().length() >= 10": _day_at_least,
    }
)
