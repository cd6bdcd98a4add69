"""The rooms hold: each contract of pyproject.toml is kept, and is seen to catch the import that it forbids."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.architecture.rules import ROOT

# contract -> a file of the package and an import that must not stand in it
FORBIDDEN = {
    "Faces call services, services call rules and the store, never upwards": ("store/embedded.py", "app.services"),
    "fhir is a pure language: nothing of ours, no web, no database, no clock": ("fhir/dates.py", "app.clock"),
    "domain rules know the language only: no clock, no settings, no database, no web": (
        "domain/referral/__init__.py",
        "pydantic",
    ),
    "a subject of the domain does not know another subject": ("domain/consent/__init__.py", "app.domain.referral"),
    "only the store imports the database's libraries": ("services/__init__.py", "asyncpg"),
    "HTTP goes out through the one vetted client": ("gateways/mail.py", "httpx"),
    "only the gateway to EHRs knows the OAuth library": ("gateways/mail.py", "authlib"),
    "only gateways/keys imports the library of signatures": ("gateways/mail.py", "joserfc"),
    "only fhir/models knows the library of models": ("services/__init__.py", "fhir.resources"),
    "only fhir/fhirpath knows the FHIRPath engine": ("services/__init__.py", "fhirpathpy"),
    "services know neither web framework nor SQL toolkit nor templates": ("services/__init__.py", "starlette"),
    "commands reach the faces and the worker through main and wiring only": ("cli/__init__.py", "app.web"),
    "only main, the commands and the demo world import the wiring": ("worker/__init__.py", "app.wiring"),
    "the simulated EHR imports nothing of ours": ("simulate/__init__.py", "app.clock"),
    "no import cycles": ("settings.py", "app.log"),
}
CLOSES_A_CYCLE = ("log.py", "app.settings")


def lint_imports(folder: Path) -> dict[str, bool]:
    """Each contract's name and whether it is kept."""
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache"]
    output = subprocess.run(command, cwd=folder, capture_output=True, text=True).stdout
    verdicts = re.findall(r"^(.+) (KEPT|BROKEN)(?: \(.*\))?$", output, re.MULTILINE)
    assert verdicts, f"lint-imports did not run: {output[-2000:]}"
    return {contract: verdict == "KEPT" for contract, verdict in verdicts}


def test_every_contract_is_kept() -> None:
    assert [contract for contract, kept in lint_imports(ROOT).items() if not kept] == []


def test_every_contract_catches_a_forbidden_import(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "app", tmp_path / "app", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for file, module in [*FORBIDDEN.values(), CLOSES_A_CYCLE]:
        with (tmp_path / "app" / file).open("a") as stream:
            stream.write(f"\nimport {module}\n")
    assert lint_imports(tmp_path) == dict.fromkeys(FORBIDDEN, False)


@pytest.mark.parametrize(
    "contract", tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
)
def test_every_contract_has_an_import_that_it_is_seen_to_catch(contract: dict[str, str]) -> None:
    assert contract["name"] in FORBIDDEN
