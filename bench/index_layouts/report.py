"""The figures as JSON (everything) and as Markdown tables (what decides)."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

TITLE = """# Search-index layouts: figures

Written by `make bench-layouts`.
Times in ms, of the slowest of three callers: 40 % of the Tasks, 20 rows, everything.
"Updated" pages are newest by last_updated, "key" pages newest by creation; polls and `_id` are the same in both.
"""
SUMMARY = (
    "Tasks", "layout", "worst p99 updated, auto plans", "worst p99 updated, custom plans", "worst p99 key, custom",
    "PUT WAL bytes", "after a checkpoint", "PUT rows", "PUT p50 / p99", "index MB", "participation MB",
)  # fmt: skip


def save(folder: Path, result: dict[str, Any]) -> None:
    """Replace this layout's figures at this scale in the folder's files."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "index-layouts.json"
    results = json.loads(file.read_text(encoding="utf-8")) if file.exists() else []
    same = (result["layout"], result["tasks"])
    results = [r for r in results if (r["layout"], r["tasks"]) != same] + [result]
    results.sort(key=lambda r: (r["tasks"], r["layout"]))
    file.write_text("[\n" + ",\n".join(map(_lines, results)) + "\n]\n", encoding="utf-8")
    (folder / "index-layouts.md").write_text(tables(results), encoding="utf-8")


def _lines(result: dict[str, Any]) -> str:
    """One record a line, so that a new measurement can be compared with the old one."""
    head = {key: value for key, value in result.items() if key != "searches"}
    searches = ",\n  ".join(json.dumps(record, ensure_ascii=False) for record in result["searches"])
    return json.dumps(head, ensure_ascii=False)[:-1] + ', "searches": [\n  ' + searches + "]}"


def tables(results: Sequence[dict[str, Any]]) -> str:
    """One summary over all layouts, then each layout's slowest caller per case, by shape and plan mode."""
    text = [TITLE, *_table(SUMMARY, map(_summary, results))]
    for result in results:
        text += ["", f"## {result['layout']}, {result['tasks']:,} Tasks", "", *_cases(result)]
    return "\n".join(text) + "\n"


def _summary(result: dict[str, Any]) -> list[str]:
    put, size = result["put"], result["bytes"]
    index = sum(n for table, n in size.items() if table.startswith("index_"))
    return [
        f"{result['tasks']:,}", result["layout"],
        worst(result, "updated", "auto"), worst(result, "updated", "custom"), worst(result, "key", "custom"),
        f"{put['wal_bytes']:,}", f"{put['wal_bytes_after_checkpoint']:,}", f"{put['rows']}",
        f"{put['p50']:.2f} / {put['p99']:.2f}", f"{index / 1e6:,.0f}", f"{size['participation'] / 1e6:,.0f}",
    ]  # fmt: skip


def worst(result: dict[str, Any], order: str, mode: str) -> str:
    """The largest p99 of all cases and callers, each case in the better shape of this order, and which case it is."""
    if not any(s["shape"].startswith(order) for s in result["searches"]):
        return ""
    of_case: dict[str, float] = {}
    for case in {s["case"] for s in result["searches"]}:
        own = [s for s in result["searches"] if s["case"] == case and s["mode"] == mode]
        in_order = [s for s in own if s["shape"].startswith(order)] or own
        of_case[case] = min(max(s["p99"] for s in in_order if s["shape"] == shape) for shape in _shapes(in_order))
    slowest = max(of_case, key=lambda case: of_case[case])
    return f"{of_case[slowest]:,.1f} ({slowest})"


def _cases(result: dict[str, Any]) -> list[str]:
    columns = [(shape, mode) for shape in _shapes(result["searches"]) for mode in ("auto", "custom")]
    rows = []
    for case in dict.fromkeys(s["case"] for s in result["searches"]):
        cells = [case]
        for column in columns:
            own = [s for s in result["searches"] if s["case"] == case and (s["shape"], s["mode"]) == column]
            slowest = max(own, key=lambda s: s["p99"], default=None)
            cells.append(f"{slowest['p50']:.1f} / {slowest['p99']:.1f} ({slowest['caller']})" if slowest else "")
        rows.append(cells)
    return _table(["p50 / p99", *(f"{shape}, {mode}" for shape, mode in columns)], rows)


def _shapes(searches: Iterable[dict[str, Any]]) -> list[str]:
    return list(dict.fromkeys(s["shape"] for s in searches))


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [head, ["---"] * len(head), *rows]
    return ["| " + " | ".join(line) + " |" for line in lines]
