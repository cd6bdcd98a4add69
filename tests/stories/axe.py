"""axe-core, the checker of pages for people with disabilities: fetched by npm once, kept, run in the browser.

It is MPL-2.0 and is not part of the project: it lies in a folder of this user's cache.
"""

import base64
import hashlib
import json
import shutil
import subprocess
import tarfile
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

VERSION = "4.14.1"
INTEGRITY = "sha512-FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="
KEPT = Path.home() / ".cache" / "baton-tests" / f"axe-core-{VERSION}.tgz"
SCRIPT = "package/axe.min.js"
FETCHED_WITHIN_S = 120
# WCAG 2.2, levels A and AA, with what they took over from 2.0 and 2.1
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")


@cache
def source() -> str | None:
    """The script; None where neither this user's cache nor npm has it."""
    if not KEPT.exists() and not _fetch():
        return None
    digest = hashlib.sha512(KEPT.read_bytes()).digest()
    assert f"sha512-{base64.b64encode(digest).decode()}" == INTEGRITY, f"{KEPT} is not what npm published; remove it"
    with tarfile.open(KEPT) as package:
        script = package.extractfile(SCRIPT)
        assert script is not None
        return script.read().decode()


def findings(page: Page, script: str) -> list[str]:
    """What axe finds wrong on the page as it stands: rule, and where."""
    if not page.evaluate("'axe' in window"):  # it is half a megabyte
        page.evaluate(script + "; undefined")
    options = json.dumps({"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations"]})
    found: list[dict[str, Any]] = page.evaluate(f"axe.run(document, {options}).then(answer => answer.violations)")
    return [f"{rule['id']}: {node['target']} {node['failureSummary']}" for rule in found for node in rule["nodes"]]


def _fetch() -> bool:
    npm = shutil.which("npm")
    if npm is None:
        return False
    KEPT.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=KEPT.parent) as folder:
        command = (npm, "pack", "--silent", f"axe-core@{VERSION}", "--pack-destination", folder)
        try:
            done = subprocess.run(command, cwd=folder, capture_output=True, timeout=FETCHED_WITHIN_S)
        except subprocess.TimeoutExpired:
            return False
        packed = list(Path(folder).glob("*.tgz"))
        if done.returncode == 0 and packed:
            packed[0].replace(KEPT)
    return KEPT.exists()
