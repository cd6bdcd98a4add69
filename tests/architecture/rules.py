"""The house rules that a program can see, as functions from a parsed file to the places that break them."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
APP: Final = ROOT / "app"

SQL_VERB: Final = re.compile(
    r"\s*(SELECT|INSERT\s+INTO|UPDATE|DELETE\s+FROM|WITH|CREATE|ALTER|DROP|GRANT|REVOKE|TRUNCATE|SET|MERGE|COPY)\b\s"
)
EVENT: Final = re.compile(r"[a-z][a-z0-9_]*")
# The where-function: it joins constant pieces with the numbers of parameters ($4), one per condition of a search.
SQL_IS_JOINED_IN: Final = frozenset({"app/store/search.py"})
LOG_METHODS: Final = frozenset({"debug", "info", "warning", "error", "exception", "critical"})


@dataclass(frozen=True, slots=True)
class Home:
    """Something that happens in one place only. `calls` are dotted endings as written: `datetime.now`."""

    what: str
    why: str
    calls: frozenset[str]
    files: frozenset[str]


HOMES: Final = (
    Home(
        "the clock",
        "tests, demos and replays set the time",
        frozenset({"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time"}),
        frozenset({"app/clock.py"}),
    ),
    Home(
        "new ids",
        "tests foresee ids; ours are UUIDv7, made by Ids.next()",
        frozenset({"uuid.uuid1", "uuid.uuid4", "uuid.uuid7", "uuid1", "uuid4", "uuid7"}),
        frozenset({"app/clock.py"}),
    ),
    Home(
        "the environment",
        "settings are read once, checked and documented",
        frozenset({"os.environ", "os.getenv", "environ.get", "os.getenvb", "os.environb"}),
        frozenset({"app/settings.py"}),
    ),
    Home(
        "the end of a transaction",
        "one unit of work is one transaction; a commit in between stores half of it",
        frozenset({"*.commit"}),
        frozenset({"app/store/pool.py", "app/store/migrate.py"}),
    ),
    Home(
        "the JSON reader",
        "others take the last of two equal keys, NaN, lone surrogates, and lose `1.10`",
        frozenset({"json.loads", "json.load", "orjson.loads", "msgspec.json.decode", "request.json"}),
        # the simulated EHR imports nothing of ours, its reader has one home too
        frozenset({"app/fhir/json.py", "app/simulate/wire.py"}),
    ),
    Home(
        "the XML parser",
        "a parser that is made by hand elsewhere would take document types, and with them entities",
        frozenset({"expat.ParserCreate", "ElementTree.fromstring", "ElementTree.parse", "ElementTree.XML"}),
        frozenset({"app/fhir/xml_read.py", "app/fhir/narrative.py"}),
    ),
)


def source_files(folder: Path = APP) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*.py")) if "__pycache__" not in path.parts)


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def outside_home(tree: ast.AST, home: Home) -> list[int]:
    """The lines that use what only `home` may."""
    return [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Attribute | ast.Name) and _is(node, home)]


def _is(node: ast.Attribute | ast.Name, home: Home) -> bool:
    if isinstance(node, ast.Name):
        return node.id in home.calls
    dotted = ast.unparse(node)
    ending = ".".join(dotted.split(".")[-2:])
    return dotted in home.calls or ending in home.calls or f"*.{node.attr}" in home.calls


def sql_put_together(tree: ast.AST) -> list[int]:
    """The lines where a statement's text is made from values by an f-string, %, + or .format."""
    return [node.lineno for node in ast.walk(tree) if isinstance(node, ast.expr) and _is_sql_of_parts(node)]


def _is_sql_of_parts(node: ast.expr) -> bool:
    if isinstance(node, ast.JoinedStr):
        return any(isinstance(part, ast.FormattedValue) for part in node.values) and _starts_sql(node)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        return _starts_sql(node.left)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _starts_sql(node.left) and not _is_constant(node.right)
    called = node.func if isinstance(node, ast.Call) else None
    return isinstance(called, ast.Attribute) and called.attr in {"format", "format_map"} and _starts_sql(called.value)


def _is_constant(node: ast.expr) -> bool:
    """A text, or a constant's name: statements may share pieces."""
    if isinstance(node, ast.BinOp):
        return _is_constant(node.left) and _is_constant(node.right)
    return isinstance(node, ast.Constant) or (isinstance(node, ast.Name) and node.id.isupper())


def _starts_sql(node: ast.expr) -> bool:
    if isinstance(node, ast.BinOp):
        return _starts_sql(node.left)
    first = node.values[0] if isinstance(node, ast.JoinedStr) and node.values else node
    return isinstance(first, ast.Constant) and isinstance(first.value, str) and bool(SQL_VERB.match(first.value))


def unlogged(tree: ast.AST, allowed: frozenset[str]) -> list[int]:
    """The lines that log a sentence instead of a word, or a field that would be dropped."""
    return [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Call) and _is_bad_log(node, allowed)]


def _is_bad_log(call: ast.Call, allowed: frozenset[str]) -> bool:
    function = call.func
    if not (
        isinstance(function, ast.Attribute) and function.attr in LOG_METHODS and ast.unparse(function.value) == "log"
    ):
        return False
    event = call.args[0] if len(call.args) == 1 else None
    word = isinstance(event, ast.Constant) and isinstance(event.value, str) and EVENT.fullmatch(event.value)
    return not word or not all(keyword.arg in allowed | {"exc_info"} for keyword in call.keywords)


def module_state(tree: ast.Module) -> list[int]:
    """The lines that keep something that changes in a module: an empty container to be filled, or `global`."""
    empty = [
        node.lineno
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None and _is_empty_container(node.value)
    ]
    return empty + [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Global)]


def _is_empty_container(value: ast.expr) -> bool:
    if isinstance(value, ast.Call):
        return (
            ast.unparse(value.func) in {"dict", "list", "set", "defaultdict", "deque", "OrderedDict"} and not value.args
        )
    return isinstance(value, ast.Dict | ast.List) and not (getattr(value, "keys", None) or getattr(value, "elts", None))


def long_functions(tree: ast.AST, limit: int) -> list[str]:
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return [each.name for each in functions if (each.end_lineno or each.lineno) - each.lineno + 1 > limit]
