"""What is no package is refused in words, whatever its bytes are; nothing is ever unpacked to a disk."""

import gzip
import io
import random
import tarfile
from pathlib import Path

import pytest

from app.fhir.profiles import package as packages
from app.fhir.profiles.package import NotAPackage, read_package
from tests.profiles.packing import SITE, archive, code_system, manifest, packed, profile, value_set

PATIENT = profile("Patient", {"path": "Patient.birthDate", "min": 1})


def reason(body: bytes) -> str:
    with pytest.raises(NotAPackage) as refused:
        read_package(body)
    return str(refused.value)


def test_a_package_tells_its_name_and_definitions() -> None:
    found = read_package(packed(PATIENT, code_system("c", "a"), value_set("v", "c")))
    assert found.name == "county.example#1.0.0"
    assert [*found.structures, *found.code_systems, *found.value_sets] == [
        f"{SITE}StructureDefinition/county-patient",
        f"{SITE}CodeSystem/c",
        f"{SITE}ValueSet/v",
    ]


@pytest.mark.parametrize("body", [b"", b"{}", b"PK\x03\x04", b"\x1f\x8b", gzip.compress(b"words" * 999)])
def test_what_is_no_archive_is_told_so(body: bytes) -> None:
    assert "gzipped tar archive" in reason(body)


def test_whatever_bytes_are_spoilt_the_refusal_is_in_words() -> None:
    """Also where only the compressed stream is, deep inside."""
    chance = random.Random(1)
    good = packed(code_system("c", *(chance.randbytes(30).hex() for _ in range(2_000))))
    refusals = 0
    for _ in range(60):
        body = bytearray(good[: chance.choice((len(good), chance.randrange(len(good))))])
        for _ in range(3):
            body[chance.randrange(len(body))] = chance.randrange(256)
        try:
            read_package(bytes(body))
        except NotAPackage:
            refusals += 1
    assert refusals > 50


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (archive({"package/x.json": b"{}"}), "no package/package.json"),
        (archive({"package.json": b'{"name":"a","version":"1"}'}), "no package/package.json"),
        (packed(head={"name": "a"}), "name and version"),
        (packed(head={"name": [], "version": "1"}), "name and version"),
        (packed(head={"name": "a", "version": "1", "fhirVersions": 5}), "another version of FHIR"),
        (packed(head=manifest(fhir="5.0.0")), "another version of FHIR"),
        (packed(files={"package/bad.json": b"{"}), "package/bad.json"),
        (packed(files={"package/deep.json": b"[" * 100_000}), "package/deep.json"),
        (archive({"package/package.json": b"[]"}), "must be an object"),
    ],
)
def test_a_package_that_lacks_something_is_told_what(body: bytes, words: str) -> None:
    assert words in reason(body)


def test_a_bomb_is_refused_by_what_it_says_that_it_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "MAX_FILE_BYTES", 1000)
    assert "larger" in reason(packed(files={"package/zeros.json": b" " * 1001}))
    monkeypatch.setattr(packages, "MAX_BYTES", 5000)
    assert "larger" in reason(packed(files={f"other/{number}.txt": b" " * 900 for number in range(6)}))
    monkeypatch.setattr(packages, "MAX_FILES", 3)
    assert "larger" in reason(packed(files={f"other/{number}.txt": b"" for number in range(5)}))


def test_names_that_lead_elsewhere_and_links_are_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    secret = tmp_path / "secret.json"
    secret.write_text('{"resourceType":"StructureDefinition","url":"urn:secret"}')
    outside = b'{"resourceType":"StructureDefinition","url":"urn:outside"}'
    names = ("../evil.json", "/tmp/evil.json", "package/../evil.json", "package/example/evil.json", "package/.x.json")
    stream = io.BytesIO(gzip.decompress(packed(PATIENT, files=dict.fromkeys(names, outside))))
    with tarfile.open(fileobj=stream, mode="a") as made:
        for name, kind in (("package/link.json", tarfile.SYMTYPE), ("package/hard.json", tarfile.LNKTYPE)):
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = kind, str(secret)
            made.addfile(entry)
    found = read_package(gzip.compress(stream.getvalue()))
    assert list(found.structures) == [PATIENT["url"]]
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["secret.json"]
