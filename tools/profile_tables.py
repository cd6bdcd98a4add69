"""Writes `fhir_profiles/guides/*`, the facts of the profiles and of the terminology that the server judges by, from the
official packages.

    python -m tools.profile_tables PACKAGES-FOLDER [FOLDER]

What `baton profiles install` keeps in the database is the same kind of table. The packages are public domain (CC0);
codes of SNOMED CT, LOINC and others in them keep the terms of their owners, see `fhir_profiles/guides/README.md`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from app.fhir.profiles.facts import ProfileFacts, written
from app.fhir.profiles.package import Package, read_package
from app.fhir.profiles.snapshot import facts_of
from app.fhir.registry import Registry
from app.fhir.terminology import facts
from app.services.profiles.packages import terms_of

GUIDES = "fhir_profiles/guides"
HEAD = "# Written by tools/profile_tables.py from {}; do not edit by hand."
R4_CORE = "hl7.fhir.r4.core#4.0.1"
EXTENSIONS = "hl7.fhir.uv.extensions.r4#5.2.0"
# package -> which of its profiles: "served" those about types that are served and their extensions, else by name
TAKEN: Mapping[str, str | frozenset[str]] = {
    R4_CORE: frozenset(("vitalsigns", "data-absent-reason", "ordinalValue", "display", "SimpleQuantity")),
    EXTENSIONS: frozenset(("alternate-reference", "condition-assertedDate", "resource-pertainsToGoal")),
    "hl7.fhir.us.core#7.0.0": "served",
    "hl7.fhir.uv.sdc#3.0.0": frozenset(
        ("sdc-questionnaire", "sdc-questionnaireresponse", "sdc-questionnaire-extr-smap")
    ),
    "hl7.fhir.us.sdoh-clinicalcare#3.0.0": "served",
}
# of R4 and of the extensions no terminology: what is bound there stands in fhir_profiles/r4
WITHOUT_TERMINOLOGY = frozenset((R4_CORE, EXTENSIONS))


def main(packages: str, folder: str = GUIDES) -> None:
    """Writes a folder for each package."""
    served = set(Registry.load().types)
    known: dict[str, ProfileFacts] = {}
    for name, taken in TAKEN.items():
        package = read_package((Path(packages) / f"{name}.tgz").read_bytes())
        out = Path(folder) / name.replace("#", "-")
        out.mkdir(parents=True, exist_ok=True)
        chosen = list(_chosen(package, taken, served, known))
        for each in chosen:
            known[each.url] = each
            (out / f"{each.name}.tsv").write_text(HEAD.format(name) + "\n" + written(each), encoding="utf-8")
        if name not in WITHOUT_TERMINOLOGY:
            _terminology(package, out)


def _chosen(
    package: Package, taken: str | frozenset[str], served: set[str], known: Mapping[str, ProfileFacts]
) -> Iterator[ProfileFacts]:
    for url, tree in sorted(package.structures.items()):
        if tree.get("derivation") != "constraint":
            continue
        name = url.rpartition("/")[2]
        if (name in taken) if isinstance(taken, frozenset) else (tree["type"] in served or tree["type"] == "Extension"):
            yield facts_of(tree, known, package.name)


def _terminology(package: Package, out: Path) -> None:
    """The guide's value sets, and its own code systems."""
    told: list[str] = []
    systems, sets = terms_of(package, told)
    if told:
        sys.exit("\n".join(told))
    _write(out / "value_sets.tsv", package, sets)
    _write(out / "code_systems.tsv", package, [system for system in systems if system.concepts])


def _write(path: Path, package: Package, listed: Iterable[facts.Facts]) -> None:
    text = "".join("\n" + facts.written(each) for each in listed)
    if text:
        path.write_text(HEAD.format(package.name) + "\n" + text, encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
