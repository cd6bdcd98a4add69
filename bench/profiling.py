"""Where a worker's time goes: cProfile of a server under load, by part of the program."""

import pstats
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

# first match of a file's path counts; functions in C count for the Python function that called them
PARTS = (
    ("app/fhir/json", "reading and writing JSON (app.fhir.json)"),
    ("app/fhir/", "structure, references, index values (app.fhir)"),
    ("app/store/", "statements and their arguments (app.store)"),
    ("app/services/", "interactions and steps (app.services)"),
    ("app/domain/", "rules (app.domain)"),
    ("app/web/", "HTTP face (app.web)"),
    ("app/", "log, clock, ids"),
    ("asyncpg", "driver (asyncpg)"),
    ("structlog", "log, clock, ids"),
    ("starlette", "web framework (Starlette, FastAPI)"),
    ("fastapi", "web framework (Starlette, FastAPI)"),
    ("uvicorn", "web server (uvicorn)"),
    ("json/", "reading and writing JSON (app.fhir.json)"),
)
OTHER = "standard library and event loop"


@dataclass(frozen=True, slots=True)
class Profile:
    """Shares of the time that was not spent waiting; the functions of ours with the most time below them."""

    parts: tuple[tuple[str, float], ...]
    functions: tuple[tuple[str, float], ...]


def profile_of(file: Path, *, top: int = 12) -> Profile:
    """What `cProfile` wrote; the event loop's own time, which is mostly waiting, is left out."""
    stats = pstats.Stats(str(file)).stats  # type: ignore[attr-defined]
    own: Counter[str] = Counter()
    below: Counter[str] = Counter()
    for (path, _, name), (_, calls, own_s, below_s, callers) in stats.items():
        if path == "~":
            for (caller_path, _, caller_name), entry in callers.items():
                if not (caller_path.endswith("runners.py") or "run_until_complete" in name or caller_name == "run"):
                    own[_part(caller_path)] += entry[2]
        elif not path.endswith(("bench/serving.py", "runners.py")) and calls:
            own[_part(path)] += own_s
            if "/app/" in path and name not in ("unit", "<genexpr>"):
                below[f"{path.split('/app/')[-1]} {name}"] += below_s
    total = sum(own.values())
    return Profile(
        tuple((part, spent / total) for part, spent in own.most_common()),
        tuple((name, min(1.0, spent / total)) for name, spent in below.most_common(top)),
    )


def _part(path: str) -> str:
    return next((part for piece, part in PARTS if piece in path), OTHER)
