"""structure: types, cardinality, unknown elements, required codes, from the tables of R4 facts.

What is wrong is noted here and told by the next step, together with what is wrong by the profiles. A copy of another
system's resource is that system's truth: it is refused for its shape, its size and for what could do harm; whatever
else is wrong with it stays, and is kept beside it.
*Source*: architecture, decision 3; security sheet INP-04, INP-14.
"""

from functools import partial

from app.fhir import json
from app.fhir.errors import Issue, TooLong
from app.fhir.json import JsonObject
from app.fhir.problems import MAX_FOUND, MORE
from app.fhir.structure import check
from app.services.steps.moved import passed_over
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
    """Gives every entry its problems (for which it is refused), its flaws (kept beside a copy) and its notes."""
    for entry in write.entries:
        _judge(entry)


def judge_copy(tree: JsonObject) -> tuple[tuple[Issue, ...], tuple[Issue, ...]]:
    """(why it cannot be kept, what is wrong with it but kept) of another system's resource."""
    issues = [issue for issue in check(tree["resourceType"], tree, MAX_FOUND) if issue.severity == "error"]
    if len(json.dump(tree)) > MAX_COPY_BYTES:
        issues += TooLong("copy-size", f"a copy of a resource may have {MAX_COPY_BYTES} bytes").issues
    refused = tuple(issue for issue in issues if tree["resourceType"] in WHOLE or _keeps_out(issue))
    return refused, tuple(issue for issue in issues if issue not in refused)


def is_in_shape(tree: JsonObject) -> bool:
    """Whether each element has the type and number that R4 gives it, so that it can be read for what it says."""
    return not any(issue.code == "structure" and _keeps_out(issue) for issue in check(tree["resourceType"], tree))


def _judge(entry: Entry) -> None:
    if entry.mode == "copy":
        entry.problems, entry.flaws = judge_copy(entry.tree)
        return
    issues = check(entry.type, entry.tree)
    # a rule that came with a later release stops no referral that is under way
    issues = passed_over(entry.before_tree, entry.tree, issues, partial(check, entry.type))
    entry.problems = tuple(issue for issue in issues if issue.severity == "error")
    entry.notes = tuple(issue for issue in issues if issue.severity != "error")


def _keeps_out(issue: Issue) -> bool:
    if issue.code == "structure":
        return issue.rule not in SHAPE_BUT_FOR
    return issue.rule in HARMFUL or issue.rule in ("copy-size", MORE)
