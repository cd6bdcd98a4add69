"""Writes `fhir_profiles/r4/*.tsv`, the facts of FHIR R4 4.0.1 that the server checks by, from HL7's package.

    python tools/r4_tables.py 'hl7.fhir.r4.core#4.0.1.tgz' [FOLDER]

Four tables, one row a line, columns parted by tabs (`fhir_profiles/r4/README.md` explains them): types, elements in
their order, codes, the words of codes. Every resource type is in them, because any may be contained in one that is
served. The package is public domain (CC0).
"""

from __future__ import annotations

import json
import sys
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from app.fhir.terminology.facts import CodeSystemFacts, Concept, written

Json = dict[str, Any]

FHIRPATH_STRING = "http://hl7.org/fhirpath/System."
PRIMITIVE = "primitive-type"
# Value sets of other organizations' code systems, which no package lists in full; their form is checked, not their
# content.
NOT_LISTED = {"mimetypes", "all-languages", "ucum-units", "ucum-common", "all-time-units", "currencies"}


class Package:
    """The definitions of one FHIR package, by kind and address."""

    def __init__(self, path: Path) -> None:
        self.structures: dict[str, Json] = {}
        self.value_sets: dict[str, Json] = {}
        self.code_systems: dict[str, Json] = {}
        with tarfile.open(path) as archive:
            for member in archive:
                if member.name.startswith("package/") and member.name.endswith(".json") and member.name.count("/") == 1:
                    self._keep(json.load(archive.extractfile(member) or sys.exit(2)))

    def _keep(self, tree: Json) -> None:
        kind = tree.get("resourceType")
        if kind == "StructureDefinition" and tree.get("derivation") != "constraint" and tree["kind"] != "logical":
            self.structures[tree["type"]] = tree
        elif kind == "ValueSet":
            self.value_sets[tree["url"]] = tree
        elif kind == "CodeSystem":
            self.code_systems[tree["url"]] = tree


def main(package_path: str, folder: str = "fhir_profiles/r4") -> None:
    """Writes the tables."""
    package = Package(Path(package_path))
    out = Path(folder)
    out.mkdir(parents=True, exist_ok=True)
    used: dict[str, str] = {}
    elements = [
        row for name in sorted(package.structures) for row in element_rows(package, package.structures[name], used)
    ]
    _write(
        out / "types.tsv",
        ("type", "kind", "base", "abstract"),
        (type_row(tree) for _, tree in sorted(package.structures.items())),
    )
    _write(out / "elements.tsv", ("path", "min", "max", "types", "codes", "flags"), elements)
    codes = list(code_rows(package, used))
    _write(out / "codes.tsv", ("value set", "system", "codes"), codes)
    (out / "code_systems.tsv").write_text("\n".join(map(written, named(package, codes))), encoding="utf-8")


def type_row(tree: Json) -> tuple[str, ...]:
    base = str(tree.get("baseDefinition", "")).rsplit("/", 1)[-1]
    kind = tree["kind"] if tree["kind"] in (PRIMITIVE, "resource") else "datatype"
    return tree["type"], kind.removesuffix("-type"), base, "abstract" if tree["abstract"] else ""


def element_rows(package: Package, tree: Json, used: dict[str, str]) -> Iterator[tuple[str, ...]]:
    """The elements that a type itself adds, in their order; those of its base stand under the base."""
    if tree["kind"] == PRIMITIVE:
        return
    for element in tree["snapshot"]["element"]:
        path: str = element["path"]
        if "." not in path or element["base"]["path"] != path:
            continue
        value_set, mark = _value_set(package, element)
        name = mark + _short(value_set)
        if value_set:
            used[_short(value_set)] = value_set
        attribute = "xmlAttr" in element.get("representation", [])
        flags = (
            ("a" if attribute else "")
            + ("!" if element.get("isModifier") else "")
            + ("s" if element.get("isSummary") else "")
        )
        # The package calls Resource.id a string; the text of the specification, and every server, an id.
        types = "id" if path == "Resource.id" else _types(element)
        yield path, str(element["min"]), element["max"], types, name, flags


def _types(element: Json) -> str:
    if "contentReference" in element:
        return "@" + str(element["contentReference"]).removeprefix("#")
    return " ".join(_type(kind) for kind in element["type"])


def _type(kind: Json) -> str:
    code: str = kind["code"]
    if code.startswith(FHIRPATH_STRING):
        real = [e["valueUrl"] for e in kind.get("extension", []) if e["url"].endswith("structuredefinition-fhir-type")]
        return str(real[0]) if real else code.removeprefix(FHIRPATH_STRING).lower()
    targets = sorted({target.rsplit("/", 1)[-1] for target in kind.get("targetProfile", [])})
    return f"{code}({','.join(targets)})" if code == "Reference" and targets and "Resource" not in targets else code


def _value_set(package: Package, element: Json) -> tuple[str, str]:
    """The value set to which an element is bound, where it can be listed; "+" when other codes may stand there, too."""
    binding = element.get("binding", {})
    url = str(binding.get("valueSet", "")).split("|")[0]
    mark = {"required": "", "extensible": "+"}.get(binding.get("strength"))
    if mark is None or not url or not is_listed(package, url):
        return "", ""
    return url, mark


def is_listed(package: Package, url: str) -> bool:
    """Whether the package lists all codes of a value set."""
    tree = package.value_sets.get(url)
    if tree is None or _short(url) in NOT_LISTED:
        return False
    return all(
        "concept" in include or _is_complete(package, include["system"])
        for include in tree["compose"]["include"]
        if "system" in include
    ) and all(
        is_listed(package, other.split("|")[0])
        for include in tree["compose"]["include"]
        for other in include.get("valueSet", [])
    )


def _is_complete(package: Package, system: str) -> bool:
    return package.code_systems.get(system, {}).get("content") in ("complete", "fragment")


def _short(url: str) -> str:
    return url.rsplit("/", 1)[-1]


def code_rows(package: Package, used: dict[str, str]) -> Iterator[tuple[str, ...]]:
    """One row for each value set and code system in it."""
    for name, url in sorted(used.items()):
        for system, codes in sorted(expand(package, url).items()):
            yield name, system, " ".join(codes)


def expand(package: Package, url: str) -> dict[str, list[str]]:
    """The codes of a value set by system. Exits on a rule that it does not know, rather than writing half a list."""
    found: dict[str, list[str]] = {}
    compose = package.value_sets[url]["compose"]
    for include in compose["include"]:
        for other in include.get("valueSet", []):
            for system, codes in expand(package, other.split("|")[0]).items():
                found.setdefault(system, []).extend(codes)
        if "system" in include:
            found.setdefault(include["system"], []).extend(_included(package, include, url))
    for exclude in compose.get("exclude", []):
        gone = set(_included(package, exclude, url))
        found[exclude["system"]] = [code for code in found.get(exclude["system"], []) if code not in gone]
    return {system: list(dict.fromkeys(codes)) for system, codes in found.items()}


def _included(package: Package, include: Json, url: str) -> list[str]:
    if "concept" in include:
        return [concept["code"] for concept in include["concept"]]
    system = package.code_systems.get(include["system"])
    if system is None or system["content"] not in ("complete", "fragment"):
        sys.exit(f"{url}: the package does not list {include['system']}")
    concepts = list(_flat(system.get("concept", []), ()))
    for rule in include.get("filter", []):
        if rule["property"] != "concept" or rule["op"] not in ("is-a", "is-not-a", "descendent-of"):
            sys.exit(f"{url}: unknown filter {rule}")
        wanted = rule["op"] != "is-not-a"
        self_too = rule["op"] == "is-a"
        concepts = [
            (c, up) for c, up in concepts if ((rule["value"] in up) or (self_too and c == rule["value"])) == wanted
        ]
    return [code for code, _ in concepts]


def _flat(concepts: list[Json], above: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each code with those above it: by nesting, and by the `subsumedBy` property that the v3 systems use."""
    for concept in concepts:
        more = tuple(p["valueCode"] for p in concept.get("property", []) if p["code"] == "subsumedBy")
        yield concept["code"], above + more
        yield from _flat(concept.get("concept", []), (*above, concept["code"]))


def named(package: Package, rows: Iterable[tuple[str, ...]]) -> Iterator[CodeSystemFacts]:
    """What the package tells of the words of the codes in these rows."""
    wanted: dict[str, dict[str, None]] = {}
    for _, url, codes in rows:
        wanted.setdefault(url, {}).update(dict.fromkeys(codes.split(" ")))
    for url, listed in sorted(wanted.items()):
        system = package.code_systems.get(url, {})
        words = {concept["code"]: concept.get("display", "") for concept in _concepts(system.get("concept", []))}
        for tree in package.value_sets.values():
            for include in tree.get("compose", {}).get("include", []):
                if include.get("system") == url:
                    words |= {each["code"]: each["display"] for each in include.get("concept", []) if "display" in each}
        whole = system.get("content") == "complete" and words.keys() == listed.keys()
        concepts = tuple(Concept(code, " ".join(words.get(code, "").split())) for code in listed)
        title = system.get("title") or system.get("name", "")
        yield CodeSystemFacts(url, system.get("version", ""), "complete" if whole else "fragment", title, concepts)


def _concepts(listed: list[Json]) -> Iterator[Json]:
    for concept in listed:
        yield concept
        yield from _concepts(concept.get("concept", []))


def _write(path: Path, head: tuple[str, ...], rows: Any) -> None:
    path.write_text("".join("\t".join(row) + "\n" for row in (head, *rows)), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
