"""`baton profiles`: a site's own package is installed once or again, listed, and files are judged by it."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.operator import Terminal
from tests.fhir.builders import minimal
from tests.profiles.packing import archive, code_system, dropped, manifest, packed, profile, value_set

PATIENT = profile("Patient", {"path": "Patient.birthDate", "min": 1})
BOUND = profile(
    "Location",
    {
        "path": "Location.physicalType",
        "min": 1,
        "binding": {"strength": "required", "valueSet": value_set("rooms", "rooms")["url"]},
    },
)
PACKAGE = packed(PATIENT, BOUND, code_system("rooms", "hall", "cell"), value_set("rooms", "rooms"))


def profiles_of(terminal: Terminal) -> dict[str, dict[str, str]]:
    """Of the site's package, by name."""
    rows = json.loads(terminal.done("profiles", "list", "--json"))
    return {row["name"]: row for row in rows if row["package"].startswith("county.example")}


def packages_of(terminal: Terminal) -> list[tuple[Any, ...]]:
    rows = json.loads(terminal.done("terminology", "list", "--json"))
    return [(row["name"], row["version"], row["profiles"], row["value_sets"], row["code_systems"]) for row in rows]


def patient(**changes: Any) -> dict[str, Any]:
    return {**minimal("Patient"), "meta": {"profile": [PATIENT["url"]]}, **changes}


def test_what_is_shipped_is_listed(terminal: Terminal) -> None:
    rows = json.loads(terminal.done("profiles", "list", "--json"))
    (referral,) = (row for row in rows if row["name"] == "SDOHCC-TaskForReferralManagement")
    assert referral["judges"] == "each Task with its code"
    assert {row["judges"] for row in rows} == {"what declares it", "each use", "each Task with its code"}
    assert "SDOHCC-TaskForReferralManagement" in terminal.done("profiles", "list")
    assert terminal.done("terminology", "list") == "Nothing beyond what is shipped."


def test_a_package_is_installed_and_again_to_the_same_effect(terminal: Terminal, tmp_path: Path) -> None:
    file = dropped(tmp_path, PACKAGE)
    for _ in range(2):
        ended = terminal.baton("profiles", "install", file)
        assert ended.code == 0, ended.err
        assert ended.out == "county.example#1.0.0: county-location, county-patient; 1 value sets, 1 code systems"
        assert ended.err == "Restart the server: then it judges by them."
        assert packages_of(terminal) == [("county.example", "1.0.0", 2, 1, 1)]
    assert {name: row["judges"] for name, row in profiles_of(terminal).items()} == {
        "county-location": "what declares it",
        "county-patient": "what declares it",
    }


def test_a_newer_version_takes_the_place_of_the_older_whole(terminal: Terminal, tmp_path: Path) -> None:
    newer = packed(PATIENT, head=manifest(version="2.0.0"))
    terminal.done("profiles", "install", dropped(tmp_path, newer), "--require", "county-patient")
    assert packages_of(terminal) == [("county.example", "2.0.0", 1, 0, 0)]
    assert {name: row["judges"] for name, row in profiles_of(terminal).items()} == {"county-patient": "each Patient"}
    terminal.done("profiles", "install", dropped(tmp_path, PACKAGE))
    assert packages_of(terminal) == [("county.example", "1.0.0", 2, 1, 1)]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"not a package", "no FHIR package: it is not a gzipped tar archive"),
        (PACKAGE[: len(PACKAGE) // 2], "no FHIR package"),
        (archive({"package/x.json": b"{}"}), "no package/package.json"),
        (packed(head=manifest(fhir="5.0.0")), "another version of FHIR"),
        (packed(files={"package/zeros.json": b" " * (65 * 1024 * 1024)}), "larger than any that is known"),
        (
            packed(files={"../../../tmp/evil.json": json.dumps(PATIENT).encode()}),
            "no profile, value set or code system",
        ),
        (packed(PATIENT, head=manifest("other.example")), "installed by the package county.example already"),
    ],
    ids=["words", "half", "no-manifest", "r5", "bomb", "outside", "double"],
)
def test_what_cannot_be_installed_is_one_line_and_changes_nothing(
    terminal: Terminal, tmp_path: Path, body: bytes, words: str
) -> None:
    terminal.done("profiles", "install", dropped(tmp_path, PACKAGE))
    assert words in terminal.baton("profiles", "install", dropped(tmp_path, body)).refused(2)
    assert packages_of(terminal) == [("county.example", "1.0.0", 2, 1, 1)]
    assert not Path("/tmp/evil.json").exists()


def test_a_file_that_is_not_there_is_wrong_usage(terminal: Terminal, tmp_path: Path) -> None:
    for command in (("profiles", "install"), ("terminology", "import"), ("profiles", "validate")):
        assert "s3cret" not in terminal.baton(*command, str(tmp_path / "s3cret")).refused(2)


def test_only_a_profile_of_the_package_can_be_required(terminal: Terminal, tmp_path: Path) -> None:
    file = dropped(tmp_path, PACKAGE)
    assert "--require" in terminal.baton("profiles", "install", file, "--require", "another").refused(2)
    terminal.done("profiles", "install", file, "--require", PATIENT["url"])
    assert profiles_of(terminal)["county-patient"]["judges"] == "each Patient"


def test_what_of_a_package_is_not_checked_is_told(terminal: Terminal, tmp_path: Path) -> None:
    weak = profile(
        "Goal",
        {"path": "Goal", "constraint": [{"key": "c-1", "severity": "error", "human": "x", "expression": "$nothing("}]},
    )
    orphan = profile("Group", name="orphan", base="https://elsewhere.example/base")
    ended = terminal.baton(
        "profiles", "install", dropped(tmp_path, packed(weak, orphan, head=manifest("weak.example")))
    )
    assert ended.code == 0, ended.err
    assert ended.out == "weak.example#1.0.0: county-goal; 0 value sets, 0 code systems"
    assert "Not checked: county-goal: the rule c-1 is not checked" in ended.err
    assert f"Not checked: {orphan['url']} is not installed: it has no snapshot" in ended.err
