"""`baton terminology`: value sets and code systems of a package or of one file."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.operator import Terminal
from tests.profiles.packing import code_system, dropped, manifest, packed, profile, value_set

ROOMS, SET = code_system("rooms", "hall", "cell"), value_set("rooms", "rooms", "hall")


def brought(terminal: Terminal) -> dict[str, tuple[int, int, int]]:
    """package -> how many profiles, value sets and code systems."""
    rows = json.loads(terminal.done("terminology", "list", "--json"))
    return {row["name"]: (row["profiles"], row["value_sets"], row["code_systems"]) for row in rows}


def test_a_package_brings_its_terms_and_not_its_profiles(terminal: Terminal, tmp_path: Path) -> None:
    body = packed(ROOMS, SET, profile("Patient"), head=manifest("terms.example"))
    for _ in range(2):
        said = terminal.done("terminology", "import", dropped(tmp_path, body))
        assert said == "terms.example#1.0.0: no profile; 1 value sets, 1 code systems"
        assert brought(terminal)["terms.example"] == (0, 1, 1)
    assert "terms.example" in terminal.done("terminology", "list")


@pytest.mark.parametrize(
    ("tree", "told"),
    [
        (code_system("halls", "hall"), "0 value sets, 1 code systems"),
        (value_set("halls", "halls", "hall"), "1 value sets, 0 code systems"),
        (
            {
                "resourceType": "Bundle",
                "id": "both",
                "type": "collection",
                "entry": [{"resource": code_system("yards", "yard")}, {"resource": value_set("yards", "yards")}],
            },
            "1 value sets, 1 code systems",
        ),
    ],
    ids=["system", "set", "bundle"],
)
def test_one_file_brings_what_it_holds(terminal: Terminal, tmp_path: Path, tree: dict[str, Any], told: str) -> None:
    file = dropped(tmp_path, json.dumps(tree).encode(), "terms.json")
    assert terminal.done("terminology", "import", file).endswith(f"no profile; {told}")


def test_a_value_set_that_is_not_understood_is_told(terminal: Terminal, tmp_path: Path) -> None:
    both = {"valueSet": ["urn:a", "urn:b"]}
    body = packed(ROOMS, {**SET, "url": "urn:both", "compose": {"include": [both]}}, head=manifest("terms.example"))
    ended = terminal.baton("terminology", "import", dropped(tmp_path, body))
    assert ended.code == 0, ended.err
    assert "Not checked: urn:both is not installed: what is in several value sets at once" in ended.err


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"{", "neither a FHIR package nor JSON"),
        (b"{" * 100_000, "neither a FHIR package nor JSON"),
        (b"words", "no FHIR package"),
        (b'{"resourceType":"Patient"}', "no profile, value set or code system"),
        (packed(profile("Patient"), head=manifest("p.example")), "no profile, value set or code system"),
    ],
    ids=["half", "deep", "words", "patient", "profiles"],
)
def test_what_brings_nothing_is_refused_in_one_line(
    terminal: Terminal, tmp_path: Path, body: bytes, words: str
) -> None:
    assert words in terminal.baton("terminology", "import", dropped(tmp_path, body, "file")).refused(2)
    assert "p.example" not in brought(terminal)
