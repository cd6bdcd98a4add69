"""The one function that turns a search into SQL conditions; the layout behind it was measured (ADR 0002).

Names of tables and columns are constants, every value is a parameter; each hop of a chain carries the visibility
predicate, so that nothing hidden can be felt for.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from app.fhir.search import Chain, Criterion, Has, Ids, Query, Term, Updated
from app.fhir.search_values import DateMatch
from app.store.arguments import Arguments
from app.store.conditions import any_of, condition, table_of
from app.store.hot import hot_condition, is_hot
from app.store.visibility import SEES_CONTEXT, TAKES_PART

Numbers = Mapping[str, Mapping[str, int]]


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
    by_id = query.ids is not None or any(key.by == "_id" for key in query.sort)
    if query.type != "Task" or by_id:
        return RESOURCES
    # all of one's Tasks by their time: `resource` has an index for it
    by_time = query.sort[0].by == "_lastUpdated" if query.sort else is_poll(query)
    return RESOURCES if by_time and not any(is_hot(term) for term in query.terms) else TASKS


def is_poll(query: Query) -> bool:
    """Whether a search asks for what has changed since some moment, in no other order."""
    since = any(match.prefix in ("gt", "ge", "sa") for each in query.last_updated for match in each)
    return since and not query.sort


def where(query: Query, numbers: Numbers, args: Arguments) -> str:
    """What must hold in the query's anchor, with the visibility of what is found."""
    anchor = anchor_of(query)
    pieces = [visible(anchor.key), *_also_seen(query.type, anchor.key)]
    if anchor is RESOURCES:
        pieces += ["r.type = " + args.add(query.type, "text"), "NOT r.deleted"]
    if query.ids is not None:
        pieces.append("r.fhir_id = ANY(" + args.add(list(query.ids), "text[]") + ")")
    for term in query.terms:
        if anchor is TASKS and isinstance(term, Term) and is_hot(term):
            pieces.append(hot_condition(term, tuple(numbers), args))
        else:
            pieces.append(_criterion(term, anchor.key, numbers, args))
    pieces += [any_of(_updated(anchor.stamp, match, args) for match in each) for each in query.last_updated]
    return " AND ".join(pieces)


def visible(key: str) -> str:
    return TAKES_PART.replace("r.id", key)


def _also_seen(type_name: str, key: str) -> list[str]:
    """What visibility demands of a type besides: nothing, but of a Binary."""
    return [SEES_CONTEXT.replace("r.id", key)] if type_name == "Binary" else []


def _criterion(term: Criterion, key: str, numbers: Numbers, args: Arguments) -> str:
    """What must hold of the resource `key`, which is `<alias of resource>.id` behind the first hop."""
    if isinstance(term, Chain):
        return _chain(term, key, numbers, args)
    if isinstance(term, Has):
        return _has(term, key, numbers, args)
    alias = key.split(".")[0]
    if isinstance(term, Ids):
        return alias + ".fhir_id = ANY(" + args.add(list(term.ids), "text[]") + ")"
    if isinstance(term, Updated):
        return any_of(_updated(alias + ".last_updated", match, args) for match in term.matches)
    return _term(term, key, numbers, args)


def _term(term: Term, key: str, numbers: Numbers, args: Arguments) -> str:
    number = _number(term, numbers, args)
    if term.missing is not None:
        tables = [table_of(term), *(["index_string"] if term.parameter.kind == "token" else [])]
        found = any_of(_row(table, key, number) + ")" for table in tables)
        return "NOT " + found if term.missing else found
    matches = any_of(condition(match, term, tuple(numbers), args) for match in term.matches)
    found = _row(table_of(term), key, number) + " AND " + matches + ")"
    return "NOT " + found if term.negated else found


def _number(term: Term | Chain | Has, numbers: Numbers, args: Arguments) -> str:
    return args.add(numbers[term.parameter.type][term.parameter.code], "smallint")


def _row(table: str, key: str, number: str) -> str:
    return "EXISTS (SELECT 1 FROM " + table + " i WHERE i.resource = " + key + " AND i.param = " + number


def _has(has: Has, key: str, numbers: Numbers, args: Arguments) -> str:
    """Some resource that refers to this one by the parameter, that the caller may see too, fulfils what follows."""
    number = _number(has, numbers, args)
    further = key.split(".")[0] + "x"
    return "".join(
        (
            "EXISTS (SELECT 1 FROM index_reference i JOIN resource ",
            further,
            " ON ",
            further,
            ".id = i.resource AND NOT ",
            further,
            ".deleted WHERE i.target = ",
            key,
            " AND i.param = ",
            number,
            " AND ",
            visible(further + ".id"),
            " AND ",
            _criterion(has.then, further + ".id", numbers, args),
            ")",
        )
    )


def _chain(chain: Chain, key: str, numbers: Numbers, args: Arguments) -> str:
    """Some resource that the parameter refers to, that the caller may see too, fulfils what follows."""
    if all(_picks_few(then) for _, then in chain.branches):
        return _chain_from_its_end(chain, key, numbers, args)
    number = _number(chain, numbers, args)
    further = key.split(".")[0] + "x"
    branches = []
    for type_name, then in chain.branches:
        kind = args.add(type_name, "text")
        holds = [*_also_seen(type_name, further + ".id"), _criterion(then, further + ".id", numbers, args)]
        branches.append("(" + further + ".type = " + kind + " AND " + " AND ".join(holds) + ")")
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
            any_of(branches),
            ")",
        )
    )


def _picks_few(then: Criterion) -> bool:
    """Whether what follows is so selective that its resources are better found first: an id or an identifier."""
    if isinstance(then, Ids):
        return True
    return isinstance(then, Term) and then.parameter.code == "identifier" and then.missing is None and not then.negated


def _chain_from_its_end(chain: Chain, key: str, numbers: Numbers, args: Arguments) -> str:
    number = _number(chain, numbers, args)
    further = key.split(".")[0] + "x"
    found = []
    for type_name, then in chain.branches:
        kind = args.add(type_name, "text")
        holds = [*_also_seen(type_name, further + ".id"), _criterion(then, further + ".id", numbers, args)]
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
        seen = visible(further + ".id")
        found.append("".join((*selected, further, ".deleted AND ", " AND ".join((seen, *holds)))))
    targets = "ARRAY(" + " UNION ALL ".join(found) + ")"
    of_this = "i.resource = " + key + " AND i.param = " + number
    return "EXISTS (SELECT 1 FROM index_reference i WHERE " + of_this + " AND i.target = ANY(" + targets + "))"


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
    return "NOT " + within if match.prefix == "ne" else within
