"""Task's hot parameters, asked of their columns: status, owner, requester, patient, focus (ADR 0002).

All hot terms of a search become one condition on `index_task h`, so that one index serves them together. One value is
asked for by `=`, which unlike `= ANY` leaves the index's order standing: a page of an inbox of 10,000 ends after 50
rows.
"""

from collections.abc import Sequence

from app.fhir.search import Criterion, Term
from app.fhir.search_values import Match, ReferenceMatch, TokenMatch
from app.store.arguments import Arguments

STATUS_SYSTEM = "http://hl7.org/fhir/task-status"
COLUMNS = {
    "owner": "h.owner",
    "requester": "h.requester",
    "patient": "h.patient",
    "subject": "h.patient",
    "focus": "h.focus",
}
# a remote reference has no target of ours until its copy comes: then only its row says that there is one
HAS_ROW = """EXISTS (SELECT 1 FROM index_reference o JOIN search_parameter s ON s.id = o.param
    WHERE o.resource = h.resource AND s.type = 'Task' AND s.code = {code})"""


def is_hot(term: Criterion) -> bool:
    """Whether a term can be answered by a column: a status, or what one of our own resources is the target of. A
    `subject` is when it is a Patient."""
    if not isinstance(term, Term) or term.parameter.type != "Task":
        return False
    if term.parameter.code == "status":
        return term.missing is None and not term.negated and all(isinstance(m, TokenMatch) for m in term.matches)
    if term.parameter.code not in COLUMNS or term.negated:
        return False
    if term.missing is not None:
        return term.missing and term.parameter.code != "subject"
    return all(_leads_to_ours(match, term.parameter.code) for match in term.matches)


def _leads_to_ours(match: Match, code: str) -> bool:
    if not isinstance(match, ReferenceMatch) or match.id is None:
        return False
    return code != "subject" or match.type == "Patient"


def hot_condition(term: Term, types: Sequence[str], args: Arguments) -> str:
    """What must hold of `h`; `types` are the served ones, for a reference that may lead to any."""
    if term.parameter.code == "status":
        return _status(term.matches, args)
    column = COLUMNS[term.parameter.code]
    if term.missing:
        return column + " IS NULL AND NOT " + HAS_ROW.replace("{code}", args.add(term.parameter.code, "text"))
    return (
        "(" + " OR ".join(_target(column, match, term.parameter.targets or types, args) for match in term.matches) + ")"
    )


def _status(matches: tuple[Match, ...], args: Arguments) -> str:
    """A required code: its system is known, so another one matches nothing, and it alone (`system|`) everything."""
    known = [
        match
        for match in matches
        if isinstance(match, TokenMatch) and not match.no_system and match.system in (None, STATUS_SYSTEM)
    ]
    if any(match.value is None for match in known):
        return "true"
    wanted = [match.value for match in known]
    if len(wanted) == 1:
        return "h.status = " + args.add(wanted[0], "text")
    return "h.status = ANY(" + args.add(wanted, "text[]") + ")"


def _target(column: str, match: Match, targets: Sequence[str], args: Arguments) -> str:
    """The key of a resource that the caller can see; RLS hides the others, which then match nothing."""
    if not isinstance(match, ReferenceMatch):
        raise TypeError(type(match).__name__)
    fhir_id = args.add(match.id, "text")
    types = [match.type] if match.type else list(targets)
    if len(types) == 1:
        one = "(SELECT o.id FROM resource o WHERE o.fhir_id = " + fhir_id + " AND o.type = "
        return column + " = " + one + args.add(types[0], "text") + ")"
    return "".join(
        (
            column,
            " = ANY(ARRAY(SELECT o.id FROM resource o WHERE o.fhir_id = ",
            fhir_id,
            " AND o.type = ANY(",
            args.add(types, "text[]"),
            ")))",
        )
    )
