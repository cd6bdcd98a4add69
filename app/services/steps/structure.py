"""structure: types, cardinality, unknown elements, required codes, from the tables of R4 facts.

A copy of another system's resource is that system's truth: it is refused for its shape, its size and for what could do
harm; whatever else is wrong with it stays, and is kept beside it.
*Source*: architecture, decision 3; security sheet INP-04, INP-14.
"""

from app.fhir import json
from app.fhir.errors import Issue, Refusal, TooLong
from app.fhir.json import JsonObject
from app.fhir.structure import check
from app.services.writing import Entry, Write

MAX_COPY_BYTES = 1024 * 1024
# a Consent decides who may see what: it is used whole, or not at all
WHOLE = frozenset({"Consent"})
SHAPE_BUT_FOR = frozenset({"unknown-element", "choice-type", "date-zone"})
HARMFUL = frozenset(
    (
        *("txt-1", "narrative-form", "narrative-length", "uri-scheme", "invisible-character", "reference-form"),
        *("string-length", "name-length", "name-marks"),
    )
)


async def structure(write: Write) -> None:
    """Every problem of every entry in one answer; of a copy only those for which it cannot be kept."""
    problems: list[Issue] = []
    for entry in write.entries:
        refused, entry.flaws = _judged(entry)
        problems += [entry.placed(issue) for issue in refused]
    if problems:
        raise Refusal.of_issues(problems)


def judge_copy(tree: JsonObject) -> tuple[tuple[Issue, ...], tuple[Issue, ...]]:
    """(why it cannot be kept, what is wrong with it but kept) of another system's resource."""
    issues = check(tree["resourceType"], tree)
    if len(json.dump(tree)) > MAX_COPY_BYTES:
        issues += TooLong("copy-size", f"a copy of a resource may have {MAX_COPY_BYTES} bytes").issues
    refused = tuple(issue for issue in issues if tree["resourceType"] in WHOLE or _keeps_out(issue))
    return refused, tuple(issue for issue in issues if issue not in refused)


def is_in_shape(tree: JsonObject) -> bool:
    """Whether each element has the type and number that R4 gives it, so that it can be read for what it says."""
    return not any(issue.code == "structure" and _keeps_out(issue) for issue in check(tree["resourceType"], tree))


def _judged(entry: Entry) -> tuple[tuple[Issue, ...], tuple[Issue, ...]]:
    return judge_copy(entry.tree) if entry.mode == "copy" else (tuple(check(entry.type, entry.tree)), ())


def _keeps_out(issue: Issue) -> bool:
    if issue.code == "structure":
        return issue.rule not in SHAPE_BUT_FOR
    return issue.rule in HARMFUL or issue.rule == "copy-size"
