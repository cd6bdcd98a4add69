"""judge: everything that is wrong with a resource that nobody stores, by R4 and by its profiles; of a Bundle, of each
entry.

Who calls it: `Bundle/$validate`, and `baton profiles validate` for files.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from app.fhir import structure
from app.fhir.errors import Issue
from app.fhir.json import JsonObject
from app.fhir.profiles.context import Knowledge
from app.fhir.profiles.guides import Conformance


def judge(
    conformance: Conformance, tree: JsonObject, knowledge: Knowledge, profiles: Iterable[str] = ()
) -> list[Issue]:
    """Errors, warnings and what profiles would like; `profiles` beside those that the resource declares or must fit."""
    type_name = tree["resourceType"]
    issues = structure.check(type_name, tree)
    issues += conformance.check(type_name, tree, knowledge, profiles, follows=True)
    issues += conformance.gaps(type_name, tree, profiles)
    if type_name == "Bundle":
        for place, entry in entries(tree):
            issues += [
                replace(issue, at=place + issue.at[len(entry["resourceType"]) :])
                for issue in (
                    *conformance.check(entry["resourceType"], entry, knowledge, follows=True),
                    *conformance.gaps(entry["resourceType"], entry),
                )
            ]
    return list(dict.fromkeys(issues))


def entries(bundle: JsonObject) -> Iterator[tuple[str, JsonObject]]:
    """(place, resource) of the entries that hold one."""
    listed = bundle.get("entry")
    for number, entry in enumerate(listed if type(listed) is list else ()):
        resource = entry.get("resource") if type(entry) is dict else None
        if type(resource) is dict and type(resource.get("resourceType")) is str:
            yield f"Bundle.entry[{number}].resource", resource


def named(tree: JsonObject) -> Iterator[tuple[str, JsonObject]]:
    """(reference, resource) of all that a file holds: by `Type/id`, and in a Bundle by fullUrl."""
    kind, fhir_id = tree.get("resourceType"), tree.get("id")
    if type(kind) is str and type(fhir_id) is str:
        yield f"{kind}/{fhir_id}", tree
    listed = tree.get("entry") if kind == "Bundle" else None
    for entry in listed if type(listed) is list else ():
        resource = entry.get("resource") if type(entry) is dict else None
        if type(resource) is dict:
            yield from named(resource)
            if type(entry.get("fullUrl")) is str:
                yield entry["fullUrl"], resource
