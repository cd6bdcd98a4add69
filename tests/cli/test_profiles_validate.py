"""`baton profiles validate`: files are judged without a database, for people and for programs."""

import json
from pathlib import Path
from typing import Any

import pytest

from app.cli.main import run
from app.fhir import json as wire
from app.fhir import xml
from tests.cli.operator import Terminal
from tests.cli.test_profiles import PACKAGE, PATIENT, patient
from tests.fhir.builders import minimal
from tests.profiles.packing import dropped

BORN = {"birthDate": "1990-01-01"}


def written(folder: Path, name: str, tree: dict[str, Any]) -> str:
    body = json.dumps(tree).encode()
    path = folder / name
    path.write_bytes(xml.dump(wire.parse(body)) if path.suffix == ".xml" else body)
    return str(path)


def judged(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, list[dict[str, Any]]]:
    """(exit code, what is told of each file)."""
    code = run(["profiles", "validate", "--json", *words])
    return code, json.loads(capsys.readouterr().out)


def test_a_good_file_ends_with_0_and_needs_no_database(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path / "nowhere", {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing"})
    said = terminal.done("profiles", "validate", written(tmp_path, "good.json", minimal("Patient")))
    assert said.splitlines()[0].endswith("good.json: 0 errors, 0 warnings")
    assert said.splitlines()[-1] == "1 file, 0 with errors"
    assert not (tmp_path / "nowhere").exists()


def test_json_and_xml_are_judged_alike(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = {**minimal("Patient"), "gender": "other than that"}
    files = [written(tmp_path, f"wrong.{ending}", wrong) for ending in ("json", "xml")]
    code, told = judged(capsys, *files)
    assert code == 1
    assert [each["file"] for each in told] == files
    first, second = (each["issues"] for each in told)
    assert first == second
    assert (first[0]["severity"], first[0]["at"]) == ("error", "Patient.gender")


def test_a_report_can_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = written(tmp_path, "good.xml", minimal("Patient"))
    wrong = written(tmp_path, "wrong.json", {**minimal("Patient"), "gender": "s3cret", "unheardOf": 1})
    assert run(["profiles", "validate", good, wrong]) == 1
    said = capsys.readouterr().out
    lines = said.splitlines()
    assert lines[0] == f"{good}: 0 errors, 0 warnings"
    assert f"{wrong}: 2 errors, 0 warnings" in lines
    assert any(line.startswith("  error    Patient.gender  [") for line in lines)
    assert lines[-1] == "2 files, 1 with errors"
    assert "s3cret" not in said


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"<Patient>", b'{"resourceType":"Nothing"}', b"\x00\xff", b'{"a":' * 3000, b"<a>" * 3000]
)
def test_a_file_that_is_no_resource_is_an_error_of_its_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], body: bytes
) -> None:
    """The others are judged all the same."""
    (tmp_path / "bad.json").write_bytes(body)
    written(tmp_path, "good.json", minimal("Patient"))
    code, told = judged(capsys, str(tmp_path))
    assert code == 1
    assert [bool(each["errors"]) for each in told] == [True, False]
    assert all(issue["message"] and issue["rule"] for issue in told[0]["issues"])


def test_a_folder_is_gone_through_and_one_without_resources_is_wrong_usage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "below").mkdir()
    written(tmp_path / "below", "one.xml", minimal("Patient"))
    (tmp_path / "read.me").write_text("words")
    assert [Path(each["file"]).name for each in judged(capsys, str(tmp_path))[1]] == ["one.xml"]
    (tmp_path / "empty").mkdir()
    assert run(["profiles", "validate", str(tmp_path / "empty")]) == 2
    assert capsys.readouterr().err.startswith("baton: ")


@pytest.mark.parametrize(("version", "errors", "unknown"), [("|3.0.0", True, False), ("|2.0.0", False, True)])
def test_a_profile_of_another_version_is_said_to_judge_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], version: str, errors: bool, unknown: bool
) -> None:
    profile = "http://hl7.org/fhir/us/sdoh-clinicalcare/StructureDefinition/SDOHCC-Condition" + version
    _, (told,) = judged(capsys, "--profile", profile, written(tmp_path, "one.json", minimal("Condition")))
    assert (told["errors"] > 0, "profile-unknown" in {each["rule"] for each in told["issues"]}) == (errors, unknown)


def test_a_package_beside_the_files_judges_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    package = dropped(tmp_path, PACKAGE)
    without = written(
        tmp_path, "without.json", {name: value for name, value in patient().items() if name != "birthDate"}
    )
    born = written(tmp_path, "born.json", patient(**BORN))
    code, told = judged(capsys, without, born)
    assert (code, {each["issues"][0]["rule"] for each in told}) == (0, {"profile-unknown"})
    code, (lacking, fitting) = judged(capsys, "--with", package, without, born)
    assert code == 1
    assert [(each["rule"], each["at"]) for each in lacking["issues"] if each["severity"] == "error"] == [
        ("profile-required", "Patient.birthDate")
    ]
    assert fitting["errors"] == 0
    # by name, whatever the file declares
    undeclared = written(tmp_path, "plain.json", minimal("Patient"))
    assert judged(capsys, "--with", package, undeclared)[0] == 0
    assert judged(capsys, "--with", package, "--profile", PATIENT["url"], undeclared)[0] == 1
    assert "package" in _refused(capsys, "--with", undeclared, undeclared)


def test_warnings_can_be_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = written(tmp_path, "one.json", patient(**BORN))
    assert judged(capsys, file)[1][0]["issues"]
    code, (told,) = judged(capsys, "--errors-only", file)
    assert (code, told["issues"], told["warnings"]) == (0, [], 1)


def test_a_reference_to_another_file_is_followed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    guide = "http://hl7.org/fhir/us/sdoh-clinicalcare/StructureDefinition/SDOHCC-TaskForReferralManagement"
    task = {**minimal("Task"), "focus": {"reference": "Patient/one"}}
    file = written(tmp_path, "task.json", task)
    written(tmp_path, "one.json", {**minimal("Patient"), "id": "one"})
    _, (told,) = judged(capsys, "--profile", guide, file)
    assert ("profile-target", "Task.focus") in {(each["rule"], each["at"]) for each in told["issues"]}


def test_what_is_installed_judges_on_demand(terminal: Terminal, tmp_path: Path) -> None:
    terminal.done("profiles", "install", dropped(tmp_path, PACKAGE), "--require", "county-patient")
    tree = {name: value for name, value in minimal("Patient").items() if name != "birthDate"}
    file = written(tmp_path, "plain.json", tree)
    assert terminal.baton("profiles", "validate", file).code == 0
    ended = terminal.baton("profiles", "validate", "--installed", file)
    assert ended.code == 1
    assert "Patient.birthDate  [profile-required]" in ended.out


def _refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert run(["profiles", "validate", *words]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    return said.err
