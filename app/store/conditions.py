"""What one value of a search demands of one index row `i`. Names are constants, every value is a parameter."""

from collections.abc import Iterable

from app.fhir.search_terms import Term
from app.fhir.search_values import (
    DateMatch,
    Match,
    PairMatch,
    QuantityMatch,
    ReferenceMatch,
    StringMatch,
    TokenMatch,
    UriMatch,
)
from app.store.arguments import Arguments
from app.store.index_text import beginning, short

TABLES = {
    "token": "index_token",
    "uri": "index_token",
    "reference": "index_reference",
    "date": "index_date",
    "string": "index_string",
    "number": "index_quantity",
    "quantity": "index_quantity",
    "composite": "index_pair",
}
Columns = tuple[str, str]
TOKEN_COLUMNS: Columns = ("i.value", "i.system")
IDENTIFIER_COLUMNS: Columns = ("i.identifier_value", "i.identifier_system")
FIRST_COLUMNS: Columns = ("i.first", "i.first_system")
SECOND_COLUMNS: Columns = ("i.second", "i.second_system")


def table_of(term: Term) -> str:
    """Where the rows are that a term looks at: the words of a token, and what stands beside it, have tables of their
    own."""
    if term.matches and isinstance(term.matches[0], StringMatch):
        return "index_string"
    if term.matches and isinstance(term.matches[0], PairMatch):
        return "index_pair"
    return TABLES[term.parameter.kind]


def condition(match: Match, term: Term, types: Iterable[str], args: Arguments) -> str:
    """`types` are the served ones, for a reference that may lead to any."""
    if isinstance(match, TokenMatch):
        return _token(match, IDENTIFIER_COLUMNS if term.parameter.kind == "reference" else TOKEN_COLUMNS, args)
    if isinstance(match, PairMatch):
        return _token(match.first, FIRST_COLUMNS, args) + " AND " + _token(match.second, SECOND_COLUMNS, args)
    if isinstance(match, ReferenceMatch):
        return _reference(match, term.parameter.targets or types, args)
    if isinstance(match, DateMatch):
        return _date(match, args)
    if isinstance(match, QuantityMatch):
        return _quantity(match, args)
    if isinstance(match, StringMatch):
        return _string(match, args)
    if isinstance(match, UriMatch):
        return "i.value = " + args.add(short(match.value), "text")
    raise TypeError(type(match).__name__)


def any_of(pieces: Iterable[str]) -> str:
    listed = list(pieces)
    return "(" + " OR ".join(listed) + ")" if listed else "false"


def _token(match: TokenMatch, columns: Columns, args: Arguments) -> str:
    value, system = columns
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
DATES = {
    "eq": "(i.starts >= {start} AND i.ends <= {end})",
    "ne": "NOT (i.starts >= {start} AND i.ends <= {end})",
    "gt": "i.ends > {end}",
    "ge": "(i.ends > {end} OR (i.starts >= {start} AND i.ends <= {end}))",
    "lt": "i.starts < {start}",
    "le": "(i.starts < {start} OR (i.starts >= {start} AND i.ends <= {end}))",
    "sa": "i.starts >= {end}",
    "eb": "i.ends <= {start}",
    "ap": "(i.starts < {end} AND i.ends > {start})",
}
# eq, ne and ap compare what the written precision implies, the others the number itself; `low` for the index
_EQUAL = "(i.low >= {least} AND i.low < {most} AND i.least >= {least} AND i.most <= {most})"
QUANTITIES = {
    "eq": _EQUAL,
    "ne": "NOT " + _EQUAL,
    "gt": "i.high > {value}",
    "ge": "i.high >= {value}",
    "lt": "i.low < {value}",
    "le": "i.low <= {value}",
    "sa": "i.low > {value}",
    "eb": "i.high < {value}",
    "ap": "(i.least < {most} AND i.most > {least})",
}


def _filled(template: str, cast: str, values: dict[str, object], args: Arguments) -> str:
    for name, value in values.items():
        if name in template:
            template = template.replace(name, args.add(value, cast))
    return template


def _date(match: DateMatch, args: Arguments) -> str:
    """R4's comparisons of the resource's interval with the search's."""
    return _filled(DATES[match.prefix], "timestamptz", {"{start}": match.start, "{end}": match.end}, args)


def _quantity(match: QuantityMatch, args: Arguments) -> str:
    values: dict[str, object] = {"{value}": match.value, "{least}": match.least, "{most}": match.most}
    pieces = [_filled(QUANTITIES[match.prefix], "numeric", values, args)]
    if match.system is not None:
        pieces.append("i.system = " + args.add(short(match.system), "text"))
    if match.code is not None:
        pieces.append("i.code = " + args.add(short(match.code), "text"))
    if match.unit is not None:
        unit = args.add(short(match.unit), "text")
        pieces.append("(i.code = " + unit + " OR i.unit = " + unit + ")")
    return "(" + " AND ".join(pieces) + ")"


def _string(match: StringMatch, args: Arguments) -> str:
    if match.how == "exact":
        return "i.exact = " + args.add(match.text, "text")
    whole = "coalesce(i.whole, i.folded)"
    if match.how == "contains":
        return "position(" + args.add(match.text, "text") + " IN " + whole + ") > 0"
    # a range instead of LIKE: row-level security lets only leakproof operators use an index
    text = beginning(match.text)
    pieces = ["i.folded >= " + args.add(text, "text"), "i.folded < " + args.add(text + "\U0010ffff", "text")]
    if text != match.text:
        pieces.append("starts_with(" + whole + ", " + args.add(match.text, "text") + ")")
    return "(" + " AND ".join(pieces) + ")"
