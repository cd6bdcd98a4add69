"""The official HL7 validator over a folder of resources; offline, no terminology server."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

from tests.parts import SHARED

VALIDATOR = SHARED / "tools" / "hl7-validator" / "run"
# place and words of what it cannot know offline
UNKNOWN_OFFLINE = (
    # media types are registered with IANA (BCP 13), and it knows some of them only; this one is RFC 6902's
    (r"CapabilityStatement\.patchFormat\[0\]", r"'application/json-patch\+json'"),
    # codes of SNOMED CT and LOINC, by which US Core's value sets pick others
    (r"ValueSet\.compose\.include\[\d+\]\.filter\[\d+\]", r"must be a valid code from the system '.*(snomed|loinc)"),
    # it stumbles over itself where a value set is made of one of VSAC's, which it has not; the rest of it is judged
    # in the packages that it comes from
    (r"", r'Cannot invoke "java\.util\.List\.add\(Object\)" because "errList" is null'),
)


def missing() -> str:
    """What the validator needs and this machine has not; "" when it has everything."""
    return ", ".join(program for program in ("java", "mvn") if shutil.which(program) is None)


def judge(folder: Path, expected: int) -> list[str]:
    """One line for each error: file, place, words. RuntimeError when the validator did not judge every file."""
    print("conformance: the validator is at work; its first use fetches 150 MB and takes a minute", flush=True)
    done = subprocess.run((str(VALIDATOR), "--errors-only", str(folder)), stdout=subprocess.PIPE, text=True)
    verdicts = [json.loads(line[line.index("{") :]) for line in done.stdout.splitlines() if '{"file"' in line]
    if len(verdicts) != expected:
        raise RuntimeError(f"the validator judged {len(verdicts)} of {expected} files and ended with {done.returncode}")
    return [_line(verdict, issue) for verdict in verdicts for issue in verdict["issues"] if not _is_unknown(issue)]


def _is_unknown(issue: dict[str, Any]) -> bool:
    return any(
        re.fullmatch(place, issue["path"] or "") and re.search(words, issue["text"]) for place, words in UNKNOWN_OFFLINE
    )


def _line(verdict: dict[str, Any], issue: dict[str, Any]) -> str:
    return f"{Path(verdict['file']).name}: {issue['severity']} at {issue['path']}: {issue['text']}"
