"""Which profiles a process judges by, and where they come from."""

from dataclasses import asdict, dataclass
from typing import Any

from app.fhir.profiles.guides import Conformance
from app.services.network import Network
from app.store import definitions


@dataclass(frozen=True, slots=True)
class Listed:
    """`judges`: resources that declare it, or must fit it by their code, or all of its type."""

    name: str
    type: str
    version: str
    package: str
    judges: str
    url: str


def listing(conformance: Conformance) -> list[Listed]:
    """Every profile and extension, by package and name."""
    by_url = {each.url: each for each in conformance.demands.rules}
    rows = []
    for url, facts in conformance.profiles.facts.items():
        rule = by_url.get(url)
        judges = "what declares it"
        if facts.type == "Extension":
            judges = "each use"
        elif rule is not None:
            judges = f"each {rule.type}" if rule.codes is None else f"each {rule.type} with its code"
        rows.append(Listed(facts.name, facts.type, facts.version, facts.package, judges, url))
    rows += [
        Listed(url.rpartition("/")[2], "", "", "", "nothing: it cannot be read, install its package again", url)
        for url in conformance.unreadable
    ]
    return sorted(rows, key=lambda row: (row.package, row.name))


async def packages(network: Network) -> list[dict[str, Any]]:
    """The packages that were installed, and how much each brought."""
    async with network.store.unit(()) as unit:
        return [asdict(row) for row in await definitions.packages(unit)]
