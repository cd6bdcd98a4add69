"""Tells the stories by HTTP, writes what came out into a folder, has it judged; exit code 1 when anything is wrong.

python -m tools.conformance [FOLDER]      FOLDER keeps the files; else they are removed when all is well
"""

import asyncio
import os
import shutil
import sys
import tempfile
from pathlib import Path

from tests.stories.draw import Draw
from tests.stories.town import town
from tools.conformance.collect import Folder, collect
from tools.conformance.judge import VALIDATOR, judge, missing
from tools.conformance.refusals import provoke
from tools.conformance.stories import tell
from tools.conformance.terms import ask_about_terms


def main(arguments: list[str]) -> int:
    """0: nothing wrong, or not judged and said so; 1: something is wrong, or CI cannot judge."""
    if not VALIDATOR.exists():
        print(f"conformance: NOT JUDGED, the validator is not at {VALIDATOR}")
        return 0
    lacking = missing()
    if lacking:
        print(f"conformance: NOT JUDGED, this machine lacks {lacking}: apt-get install default-jdk-headless maven")
        return 1 if os.environ.get("CI") == "true" else 0
    kept = Path(arguments[0]) if arguments else None
    folder = kept or Path(tempfile.mkdtemp(prefix="baton-conformance-"))
    folder.mkdir(parents=True, exist_ok=True)
    written = _write(Folder(folder))
    wrong = judge(folder, written)
    for line in wrong:
        print(line)
    print(f"conformance: {written} resources, {len(wrong)} errors" + (f"; they are in {folder}" if wrong else ""))
    if not wrong and kept is None:
        shutil.rmtree(folder)
    return 1 if wrong else 0


def _write(folder: Folder) -> int:
    """How many files there are."""
    with town(Draw.from_environment()) as place:
        asyncio.run(tell(place, folder))
        provoke(place, folder)
        collect(place, folder)
        ask_about_terms(place, folder)
    return folder.count


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
