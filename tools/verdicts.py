"""Asks the official HL7 validator about all cases of tests/mutations and keeps what it says in verdicts.tsv.

python -m tools.verdicts            writes the file
python -m tools.verdicts --check    fails when the file does not say what the validator says
It needs ../shared, Java and Maven; some minutes.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from typing import IO, Any

from tests.mutations.cases import all_cases
from tests.mutations.generate import Case
from tests.mutations.verdicts import FILE, MAX_ERRORS, Verdict, written
from tools.conformance.judge import VALIDATOR, missing

STEP = 100


def main(arguments: list[str]) -> int:
    """0: written, or as it stands in the file, or not judged and said so; 1: not as it stands there."""
    lacking = missing() if VALIDATOR.exists() else str(VALIDATOR)
    if lacking:
        print(f"verdicts: NOT JUDGED, this machine lacks {lacking}")
        return 1 if os.environ.get("CI") == "true" and VALIDATOR.exists() else 0
    cases = all_cases()
    text = written({case.id: verdict for case, verdict in _judged(cases.values())})
    if "--check" not in arguments:
        FILE.write_text(text, encoding="utf-8")
        print(f"verdicts: {len(cases)} written to {FILE}")
        return 0
    before = set(FILE.read_text(encoding="utf-8").splitlines()) if FILE.exists() else set()
    wrong = sorted(before ^ set(text.splitlines()))
    for line in wrong:
        print(("- " if line in before else "+ ") + line)
    print(f"verdicts: {len(cases)} judged, {len(wrong)} lines are not as in {FILE}")
    return 1 if wrong else 0


def _judged(cases: Iterable[Case]) -> Iterator[tuple[Case, Verdict]]:
    """One after the other, by one process."""
    command = (str(VALIDATOR), "--errors-only", "-")
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for number, case in enumerate(cases, 1):
            line = json.dumps(json.loads(case.body), ensure_ascii=False).encode()
            process.stdin.write(line + b"\n")
            process.stdin.flush()
            yield case, _verdict(case, _answer(process.stdout, case))
            if number % STEP == 0:
                print(f"verdicts: {number} judged", flush=True)
        process.stdin.close()


def _answer(stream: IO[bytes], case: Case) -> dict[str, Any]:
    for line in stream:
        if b'{"file"' in line:
            found: dict[str, Any] = json.loads(line[line.index(b"{") :])
            return found
    raise RuntimeError(f"the validator ended at {case.id}")


def _verdict(case: Case, answer: dict[str, Any]) -> Verdict:
    errors = dict.fromkeys((each["path"], each.get("id") or "") for each in answer["issues"])
    return Verdict(case.digest, answer["errors"] == 0, tuple(errors)[:MAX_ERRORS])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
