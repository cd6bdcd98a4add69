"""FHIR trees in people's words: who somebody is, how to reach them, what is needed. Pure; missing parts become ''."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Tree = Mapping[str, Any]

SNOMED = "http://snomed.info/sct"
SEMANTIC_TAG = re.compile(r" \((?:procedure|finding|situation|disorder|regime/therapy|observable entity|event)\)$")
SYSTEM_NAMES = {
    SNOMED: "SNOMED CT",
    "http://loinc.org": "LOINC",
    "http://hl7.org/fhir/sid/icd-10-cm": "ICD-10-CM",
    "http://www.ama-assn.org/go/cpt": "CPT",
}
SPANISH = frozenset({"es", "spa", "spanish", "español"})
NAME_RANK = {"official": 0, "usual": 1}
CONTACT_PROHIBITED = "contacting-subject-prohibited"
STATUS_WORDS = {
    "draft": "Draft",
    "requested": "New",
    "accepted": "Accepted",
    "rejected": "Declined",
    "in-progress": "In progress",
    "on-hold": "On hold",
    "completed": "Completed",
    "failed": "Could not be done",
    "cancelled": "Cancelled",
    "entered-in-error": "Entered by mistake",
}


@dataclass(frozen=True, slots=True)
class Contact:
    """`kind` is phone, sms, email ...; `note` its use."""

    kind: str
    value: str
    note: str = ""


def status_words(status: str) -> str:
    return STATUS_WORDS.get(status, "")


def person_name(tree: Tree) -> str:
    """The official or usual name of a Patient, RelatedPerson or Practitioner, rather one that has not been given up; a
    Group's or Organization's name."""
    names = tree.get("name", ())
    if isinstance(names, str):
        return names
    usable = [name for name in names if name.get("use") not in ("old", "maiden")]
    for name in sorted(usable, key=lambda name: (_has_end(name), NAME_RANK.get(name.get("use", ""), 2))):
        written = name.get("text") or " ".join(
            part for part in (*name.get("given", ()), name.get("family", "")) if part
        )
        if written:
            return str(written)
    return ""


def contacts(tree: Tree) -> tuple[Contact, ...]:
    """Ways to reach somebody, in the order of their rank; old ones left out."""
    usable = [each for each in tree.get("telecom", ()) if each.get("use") != "old" and each.get("value")]
    ranked = sorted(usable, key=lambda each: each.get("rank", 99) if isinstance(each.get("rank", 99), int) else 99)
    return tuple(Contact(each.get("system", "other"), each["value"], each.get("use", "")) for each in ranked)


def reach(trees: Iterable[Tree], kind: str) -> str:
    """The first phone number or e-mail address that any of these has."""
    return next((each.value for tree in trees for each in contacts(tree) if each.kind == kind), "")


def address(tree: Tree) -> str:
    for each in sorted(tree.get("address", ()), key=_has_end):
        if each.get("use") == "old":
            continue
        lines = [
            *each.get("line", ()),
            each.get("city", ""),
            " ".join((each.get("state", ""), each.get("postalCode", ""))),
        ]
        written = each.get("text") or ", ".join(line.strip() for line in lines if line.strip())
        if written:
            return str(written)
    return ""


def _has_end(part: Tree) -> bool:
    """Senders keep former names and addresses beside present ones; the end of its period alone marks a former one."""
    return "end" in part.get("period", {})


def language(tree: Tree) -> str:
    return next((concept(each) for each in _preferred(tree)), "")


def prefers_spanish(tree: Tree) -> bool:
    """Whether a preferred language is Spanish, of whatever country; of languages without a preference the first counts.

    Most name it by its code ("es-MX", "spa"), some by a word alone.
    """
    return any(
        str(said).lower().partition("-")[0] in SPANISH
        for each in _preferred(tree)
        for said in (each.get("text", ""), *(coding.get("code", "") for coding in each.get("coding", ())))
    )


def _preferred(tree: Tree) -> list[Tree]:
    """As CodeableConcepts."""
    spoken = list(tree.get("communication", ()))
    preferred = [each for each in spoken if each.get("preferred") is True] or spoken[:1]
    return [each.get("language", {}) for each in preferred]


def concept(tree: Tree) -> str:
    """A CodeableConcept's text, or its first display, or its first code."""
    codings = tree.get("coding", ())
    displays = [_plain(coding) for coding in codings if "display" in coding]
    codes = [coding["code"] for coding in codings if "code" in coding]
    return str(tree.get("text") or next(iter(displays), "") or next(iter(codes), ""))


def _plain(coding: Tree) -> str:
    """SNOMED CT's full names end in their kind, as in "Provision of food (procedure)", which is nothing to people."""
    display = str(coding["display"])
    return SEMANTIC_TAG.sub("", display) if coding.get("system") == SNOMED else display


def need(request: Tree) -> str:
    """What is asked for: the code's words, else the category's."""
    return concept(request.get("code", {})) or next(filter(None, map(concept, request.get("category", ()))), "")


def codes(concept_tree: Tree) -> tuple[str, ...]:
    """Each coding as "SNOMED CT 467771000124109"."""
    found = [coding for coding in concept_tree.get("coding", ()) if "code" in coding]
    return tuple(f"{SYSTEM_NAMES.get(coding.get('system', ''), 'Code')} {coding['code']}" for coding in found)


def reasons(request: Tree, referenced: Iterable[Tree]) -> tuple[str, ...]:
    """Why it is asked for: the codes on the request and the words of the Conditions and Observations it names."""
    written = [concept(each) for each in request.get("reasonCode", ())]
    written += [concept(each.get("code", {})) for each in referenced]
    return tuple(dict.fromkeys(each for each in written if each))


def notes(request: Tree) -> tuple[str, ...]:
    """What the sender says beside the codes."""
    return tuple(str(each["text"]) for each in request.get("note", ()) if each.get("text"))


def contact_prohibited(request: Tree) -> bool:
    """Whether nobody may contact the person about this request (violence cases)."""
    return any(
        coding.get("code") == CONTACT_PROHIBITED
        for detail in request.get("orderDetail", ())
        for coding in detail.get("coding", ())
    )


def urgent(request: Tree, task: Tree) -> bool:
    """Whether either says that it is more than routine."""
    return any(tree.get("priority", "routine") != "routine" for tree in (request, task))
