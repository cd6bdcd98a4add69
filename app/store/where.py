"""The one function that turns a search into SQL conditions; the layout behind it was measured (ADR 0002).

Names of tables and columns are constants, every value is a parameter; each hop of a chain carries the visibility
predicate, so that nothing hidden can be felt for.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.fhir.search import Chain, Query, Term
from app.fhir.search_values import DateMatch, Match, ReferenceMatch, StringMatch, TokenMatch, UriMatch
from app.store.arguments import Arguments
from app.store.hot import hot_condition, is_hot
from app.store.index_text import beginning, short
from app.store.visibility import VISIBLE

Numbers = Mapping[str, Mapping[str, int]]
TABLES = {
    "token": "index_token",
    "uri": "index_token",
    "reference": "index_reference",
    "date": "index_date",
    "string": "index_string",
}


@dataclass(frozen=True, slots=True)
class Anchor:
    """The table in which a page is found, and what its key and its stamp are called there."""

    table: str
    key: str
    stamp: str


RESOURCES = Anchor("resource r", "r.id", "r.last_updated")
# Tasks are found without a look at their resource rows: their columns and the caller's part in them are enough
TASKS = Anchor("index_task h", "h.resource", "h.last_updated")


def anchor_of(query: Query) -> Anchor:
    return TASKS if query.type == "Task" and query.ids is None else RESOURCES


def where(query: Query, numbers: Numbers, args: Arguments) -> str:
    """What must hold in the query's anchor, with the visibility of what is found."""
    anchor = anchor_of(query)
    pieces = [visible(anchor.key)]
    if anchor is RESOURCES:
        pieces += ["r.type = " + args.add(query.type, "text"), "NOT r.deleted"]
    if query.ids is not None:
        pieces.append("r.fhir_id = ANY(" + args.add(list(query.ids), "text[]") + ")")
    for term in query.terms:
        if anchor is TASKS and isinstance(term, Term) and is_hot(term):
            pieces.append(hot_condition(term, tuple(numbers), args))
        else:
            pieces.append(_criterion(term, anchor.key, numbers, args))
    pieces += [_any(_updated(anchor.stamp, match, args) for match in each) for each in query.last_updated]
    return " AND ".join(pieces)


def visible(key: str) -> str:
    return VISIBLE.replace("r.id", key)


def _criterion(term: Term | Chain, key: str, numbers: Numbers, args: Arguments) -> str:
    if isinstance(term, Chain):
        return _chain(term, key, numbers, args)
    table = TABLES[term.parameter.kind]
    number = args.add(numbers[term.parameter.type][term.parameter.code], "smallint")
    found = "EXISTS (SELECT 1 FROM " + table + " i WHERE i.resource = " + key + " AND i.param = " + number
    if term.missing is not None:
        return ("NOT " if term.missing else "") + found + ")"
    found += " AND " + _any(_match(match, term, numbers, args) for match in term.matches) + ")"
    return "NOT " + found if term.negated else found


def _chain(chain: Chain, key: str, numbers: Numbers, args: Arguments) -> str:
    """Some resource that the parameter refers to, that the caller may see too, fulfils what follows."""
    if all(_picks_few(then) for _, then in chain.branches):
        return _chain_from_its_end(chain, key, numbers, args)
    number = args.add(numbers[chain.parameter.type][chain.parameter.code], "smallint")
    further = key.split(".")[0] + "x"
    branches = []
    for type_name, then in chain.branches:
        kind = args.add(type_name, "text")
        branches.append(
            "(" + further + ".type = " + kind + " AND " + _criterion(then, further + ".id", numbers, args) + ")"
        )
    return "".join(
        (
            "EXISTS (SELECT 1 FROM index_reference i JOIN resource ",
            further,
            " ON ",
            further,
            ".id = i.target AND NOT ",
            further,
            ".deleted WHERE i.resource = ",
            key,
            " AND i.param = ",
            number,
            " AND ",
            visible(further + ".id"),
            " AND ",
            _any(branches),
            ")",
        )
    )


def _picks_few(then: Term | Chain) -> bool:
    """Whether what follows is so selective that its resources are better found first: an identifier."""
    return isinstance(then, Term) and then.parameter.code == "identifier" and then.missing is None and not then.negated


def _chain_from_its_end(chain: Chain, key: str, numbers: Numbers, args: Arguments) -> str:
    number = args.add(numbers[chain.parameter.type][chain.parameter.code], "smallint")
    further = key.split(".")[0] + "x"
    found = []
    for type_name, then in chain.branches:
        kind = args.add(type_name, "text")
        condition = _criterion(then, further + ".id", numbers, args)
        selected = (
            "SELECT ",
            further,
            ".id FROM resource ",
            further,
            " WHERE ",
            further,
            ".type = ",
            kind,
            " AND NOT ",
        )
        found.append("".join((*selected, further, ".deleted AND ", visible(further + ".id"), " AND ", condition)))
    targets = "ARRAY(" + " UNION ALL ".join(found) + ")"
    of_this = "i.resource = " + key + " AND i.param = " + number
    return "EXISTS (SELECT 1 FROM index_reference i WHERE " + of_this + " AND i.target = ANY(" + targets + "))"


def _match(match: Match, term: Term, numbers: Numbers, args: Arguments) -> str:
    if isinstance(match, TokenMatch):
        names = ("i.identifier_value", "i.identifier_system") if term.parameter.kind == "reference" else TOKEN_COLUMNS
        return _token(match, names, args)
    if isinstance(match, ReferenceMatch):
        return _reference(match, term.parameter.targets or tuple(numbers), args)
    if isinstance(match, DateMatch):
        return _date(match, args)
    if isinstance(match, StringMatch):
        return _string(match, args)
    if isinstance(match, UriMatch):
        return "i.value = " + args.add(short(match.value), "text")
    raise TypeError(type(match).__name__)


TOKEN_COLUMNS = ("i.value", "i.system")


def _token(match: TokenMatch, names: tuple[str, str], args: Arguments) -> str:
    value, system = names
    pieces = []
    if match.value is not None:
        pieces.append(value + " = " + args.add(short(match.value), "text"))
    if match.no_system:
        pieces.append(system + " = ''")
    elif match.system is not None:
        pieces.append(system + " = " + args.add(short(match.system), "text"))
    return "(" + " AND ".join(pieces) + ")"


def _reference(match: ReferenceMatch, targets: Iterable[str], args: Arguments) -> str:
    """Our own resource by its key; a remote one by what was written. What the caller cannot see matches nothing."""
    if match.id is None:
        return "i.written = " + args.add(short(match.text), "text")
    types = args.add([match.type] if match.type else list(targets), "text[]")
    fhir_id = args.add(match.id, "text")
    return (
        "i.target = ANY(ARRAY(SELECT o.id FROM resource o WHERE o.fhir_id = "
        + fhir_id
        + " AND o.type = ANY("
        + types
        + ")))"
    )


# a parameter that a condition does not name would have no type: each names what it takes
DATE_CONDITIONS = {
    "eq": "(i.starts >= {start} AND i.ends <= {end})",
    "ne": "NOT (i.starts >= {start} AND i.ends <= {end})",
    "gt": "i.ends > {end}",
    "ge": "(i.ends > {end} OR (i.starts >= {start} AND i.ends <= {end}))",
    "lt": "i.starts < {start}",
    "le": "(i.starts < {start} OR (i.starts >= {start} AND i.ends <= {end}))",
    "sa": "i.starts >= {end}",
    "eb": "i.ends <= {start}",
}


def _date(match: DateMatch, args: Arguments) -> str:
    """R4's comparisons of the resource's interval with the search's."""
    condition = DATE_CONDITIONS[match.prefix]
    for name, moment in (("{start}", match.start), ("{end}", match.end)):
        if name in condition:
            condition = condition.replace(name, args.add(moment, "timestamptz"))
    return condition


def _updated(moment: str, match: DateMatch, args: Arguments) -> str:
    """lastUpdated is one moment, stamped to the millisecond."""
    if match.prefix in ("gt", "sa"):
        return moment + " >= " + args.add(match.end, "timestamptz")
    if match.prefix == "ge":
        return moment + " >= " + args.add(match.start, "timestamptz")
    if match.prefix in ("lt", "eb"):
        return moment + " < " + args.add(match.start, "timestamptz")
    if match.prefix == "le":
        return moment + " < " + args.add(match.end, "timestamptz")
    start, end = args.add(match.start, "timestamptz"), args.add(match.end, "timestamptz")
    within = "(" + moment + " >= " + start + " AND " + moment + " < " + end + ")"
    return within if match.prefix == "eq" else "NOT " + within


def _string(match: StringMatch, args: Arguments) -> str:
    if match.exact:
        return "i.exact = " + args.add(match.text, "text")
    # a range instead of LIKE: row-level security lets only leakproof operators use an index
    text = beginning(match.text)
    return "(i.folded >= " + args.add(text, "text") + " AND i.folded < " + args.add(text + "\U0010ffff", "text") + ")"


def _any(pieces: Iterable[str]) -> str:
    listed = list(pieces)
    return "(" + " OR ".join(listed) + ")" if listed else "false"
