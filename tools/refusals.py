"""Writes docs/refusals.md: every rule word that a refusal can carry, its status, and the words that come with it.

`python -m tools.refusals` after a change of messages (`make golden` calls it); a test fails while a word is missing.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from app.domain.referral.transitions import PATIENT_TASK, REFERRAL_TASK, Transition
from app.domain.referral.waiting import WHY_WAITING
from app.fhir import errors
from app.services.statuses import STATUSES

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "refusals.md"
RULE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
KINDS = {kind.__name__: status for kind, status in STATUSES.items()}
# words that are put together, or that come from a table
TRANSITIONS = {
    "task-status-unused": "the guide does not use this status here; the answer lists those that it does",
    "task-transition": "this status cannot follow the present one; the answer lists those that can",
    "task-role": "this status is set by the other side",
    "task-needs-reason": "the status needs Task.statusReason with words in text",
    "task-needs-output": "the status needs Task.output",
}
HEAD = """# What each refusal means

Written by `python -m tools.refusals`; do not edit. A refusal on the FHIR face is an OperationOutcome whose
`details.text` is the rule word, `diagnostics` the sentence and `expression` the place; on a page it is a sentence. It
never repeats a value that was sent. `...` stands for a place, a limit or a list that the sentence fills in. A broken
invariant of R4 has the invariant's own key (per-1, obs-6 ...) as its word.

| rule word | status | what it says |
| --- | --- | --- |
"""


def main() -> None:
    PAGE.write_text(page(), encoding="utf-8")


def page() -> str:
    """The whole page."""
    found = dict(sorted({**_said(), **_of_tables()}.items()))
    rows = [f"| `{word}` | {status or ''} | {_cell(text)} |" for word, (status, text) in found.items()]
    return HEAD + "\n".join(rows) + "\n" + _tables()


def _said() -> dict[str, tuple[int | None, str]]:
    """Rule word -> (status, sentence) of every refusal that is written out in the program."""
    found: dict[str, tuple[int | None, str]] = {}
    for path in sorted((ROOT / "app").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for kind, word, message, constants in _calls(tree):
            text, (status, before) = _text(message, constants), found.get(word, (None, ""))
            found[word] = (status or KINDS.get(kind), before or text)
    return found


def _calls(tree: ast.Module) -> Iterator[tuple[str, str, ast.expr | None, dict[str, ast.expr]]]:
    """(class, rule word, sentence, what names in it stand for) of `BusinessRule("word", "sentence")` and
    `Issue("code", "word", "sentence")`."""
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    everywhere = dict(_constants(tree))
    names = {id(node): everywhere for node in ast.walk(tree)}
    for function in functions:
        names |= dict.fromkeys(map(id, ast.walk(function)), everywhere | dict(_constants(function)))
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        maker = ast.unparse(call.func).split(".")[-1]
        place = 1 if maker == "Issue" else 0
        if maker != "Issue" and not _is_refusal(maker):
            continue
        named = {keyword.arg: keyword.value for keyword in call.keywords}
        words = [*call.args[place : place + 1], *([named["rule"]] if "rule" in named else [])]
        message = call.args[place + 1] if len(call.args) > place + 1 else named.get("message")
        for word in words:
            if isinstance(word, ast.Constant) and isinstance(word.value, str) and RULE.fullmatch(word.value):
                yield maker, word.value, message, names[id(call)]


def _is_refusal(name: str) -> bool:
    kind = getattr(errors, name, None)
    return isinstance(kind, type) and issubclass(kind, errors.Refusal)


def _constants(tree: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            yield node.targets[0].id, node.value


def _text(message: ast.expr | None, constants: dict[str, ast.expr]) -> str:
    """A sentence with `...` for what it fills in; '' where it is made elsewhere."""
    if isinstance(message, ast.Name):
        return _text(constants.get(message.id), {})
    if isinstance(message, ast.Constant):
        return str(message.value)
    if isinstance(message, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "..." for part in message.values)
    return ""


def _of_tables() -> dict[str, tuple[int | None, str]]:
    waiting = {word: (422, f"{why}; the referral waits with the operator") for word, why in WHY_WAITING.items()}
    return {**waiting, **{word: (422, text) for word, text in TRANSITIONS.items()}}


def _tables() -> str:
    return (
        "\n## Which status may follow which\n\nFrom `app/domain/referral/transitions.py`.\n"
        + _table("A referral Task", REFERRAL_TASK)
        + _table("A Task for the patient", PATIENT_TASK)
    )


def _table(title: str, rows: tuple[Transition, ...]) -> str:
    lines = [
        f"| {row.before or '(new)'} | {row.after} | {' or '.join(row.by)} | {', '.join(row.needs)} |" for row in rows
    ]
    head = "| from | to | set by | needs |\n| --- | --- | --- | --- |\n"
    return f"\n### {title}\n\n{head}" + "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    main()
