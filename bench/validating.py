"""What the tables of profiles cost: a Task judged, beside a library of models; a start; memory.

In a process of its own, which has loaded nothing else: `python -m bench.validating` writes the figures as JSON. All
times are of the processor, so that neighbours count for little.
"""

import gc
import json
import subprocess
import sys
import time
import timeit
from collections.abc import Callable
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

import psutil
from fhir.resources.R4B.task import Task

from app.fhir.profiles.guides import conformance
from app.fhir.structure import Checkers, check
from app.fhir.tables import r4
from app.services.knowledge import Known
from bench.growth import table

GUIDE = "http://hl7.org/fhir/us/sdoh-clinicalcare/"
TASK: dict[str, Any] = {
    "resourceType": "Task",
    "id": "completed",
    "meta": {"profile": [GUIDE + "StructureDefinition/SDOHCC-TaskForReferralManagement"]},
    "status": "completed",
    "intent": "order",
    "priority": "asap",
    "code": {
        "coding": [
            {
                "system": "http://hl7.org/fhir/CodeSystem/task-code",
                "code": "fulfill",
                "display": "Fulfill the focal request",
            }
        ]
    },
    "focus": {"reference": "ServiceRequest/order"},
    "for": {"reference": "Patient/person"},
    "authoredOn": "2026-09-11T21:56:54.671Z",
    "lastModified": "2026-09-12T08:00:00Z",
    "requester": {"reference": "Organization/clinic"},
    "owner": {"reference": "Organization/pantry"},
    "output": [
        {
            "type": {
                "coding": [
                    {"system": GUIDE + "CodeSystem/SDOHCC-CodeSystemTemporaryCodes", "code": "resulting-activity"}
                ]
            },
            "valueReference": {"reference": "Procedure/help"},
        }
    ],
}
TIMES, ROUNDS = 1000, 9
RATIO, START_S, MEMORY_MB = 1 / 3, 0.5, 60


@dataclass(frozen=True, slots=True)
class Validating:
    """Microseconds of one Task: R4 alone, R4 and its profile, the models. Seconds of a start, and with every profile
    read and compiled. MB that the process has grown by, with all of that in use."""

    structure_us: float
    both_us: float
    models_us: float
    ratio: float
    start_s: float
    everything_s: float
    profiles: int
    memory_mb: float


def validating() -> Validating:
    """Measured in another process."""
    done = subprocess.run((sys.executable, "-m", "bench.validating"), check=True, capture_output=True, text=True)
    return Validating(**json.loads(done.stdout))


def section(found: Validating) -> list[str]:
    """Of the page."""
    rows = [
        ("a Task by R4 alone", f"{found.structure_us:.0f} µs", ""),
        ("a Task by R4 and SDOHCC-TaskForReferralManagement", f"{found.both_us:.0f} µs", ""),
        ("the same Task by `fhir.resources` (`model_validate`), which knows R4 only", f"{found.models_us:.0f} µs", ""),
        ("ours to theirs", f"{found.ratio:.2f}", _aim(found.ratio, RATIO, "0.33")),
        ("a start: all tables there", f"{found.start_s:.2f} s", _aim(found.start_s, START_S, "0.50 s")),
        (f"and all {found.profiles} profiles read and compiled", f"{found.everything_s:.2f} s", ""),
        ("memory of all of it", f"{found.memory_mb:.0f} MB", _aim(found.memory_mb, MEMORY_MB, "60 MB")),
    ]
    return ["## Validating", table(("processor time", "", "aim"), rows)]


def _aim(value: float, most: float, words: str) -> str:
    return f"{words}, {'reached' if value < most else 'missed'}"


def _measure() -> Validating:
    assert not r4.cache_info().currsize, "an import has read tables: neither time nor memory would be seen"
    memory, started = _memory_mb(), time.process_time()
    types, known = r4(), conformance()
    start_s = time.process_time() - started
    for facts in known.profiles.facts.values():
        known.profiles.compiled(facts)
    checkers = Checkers()
    for name in types.resource_types:
        checkers[name]
    everything_s = time.process_time() - started
    knowledge = Known(known.value_sets, "https://example.org/fhir", {})

    def structure() -> None:
        assert not any(issue.severity == "error" for issue in check("Task", TASK))

    def both() -> None:
        structure()
        assert not known.check("Task", TASK, knowledge)

    rounds = [(_us(structure), _us(both), _us(lambda: Task.model_validate(TASK))) for _ in range(ROUNDS)]
    structure_us, both_us, models_us = (median(each) for each in zip(*rounds, strict=True))
    ratio = median(ours / theirs for _, ours, theirs in rounds)
    gc.collect()
    grown, profiles = _memory_mb() - memory, len(known.profiles.facts)
    return Validating(structure_us, both_us, models_us, ratio, start_s, everything_s, profiles, grown)


def _us(work: Callable[[], Any]) -> float:
    """As timeit does it, without collections of garbage: whose turn they come in is chance."""
    return min(timeit.repeat(work, number=TIMES, repeat=3, timer=time.process_time)) / TIMES * 1e6


def _memory_mb() -> float:
    return float(psutil.Process().memory_full_info().uss) / 1e6


if __name__ == "__main__":
    print(json.dumps(asdict(_measure())))
