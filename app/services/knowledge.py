"""What a judgement may know beside the resource: what the same write brings, what is stored, which codes are in which
value sets. *Source*: R4 profiling.html#discriminator (resolve()), terminologies.html.
"""

from collections.abc import Mapping
from types import MappingProxyType

from app.fhir import json
from app.fhir.errors import Value
from app.fhir.fhirpath import Work
from app.fhir.json import JsonObject
from app.fhir.profiles.context import Memo
from app.fhir.references import Local, parse_reference
from app.fhir.terminology.membership import ValueSets
from app.services.projection import projection
from app.store import resources
from app.store.pool import Unit

Key = tuple[str, str]
# what one judgement reads of what is stored: so many resources, of so many bytes together
MOST = 1000
MOST_BYTES = 10 * 1024 * 1024
# these few are read without asking first how large they are
FEW = 10
# what rules of shipped profiles may take in one judgement: ten times what those may that anybody installs
MOST_SHIPPED = 5_000_000


class Known:
    """Notes what it is asked for and does not know, so that it can be fetched and the judgement be made again.

    What would be too much to read stays unknown, and `unread` counts how often it was asked for.
    """

    def __init__(
        self,
        value_sets: ValueSets,
        base: str,
        trees: Mapping[Key, JsonObject],
        named: Mapping[str, JsonObject] = MappingProxyType({}),
    ) -> None:
        """`named`: resources by the very text of a reference, as the entries of a Bundle by their fullUrl."""
        self._value_sets = value_sets
        self._base = base
        self._trees: dict[Key, JsonObject | None] = dict(trees)
        self._named = named
        self._room, self._room_bytes = MOST, MOST_BYTES
        self._passed_over: set[Key] = set()
        self.asked: set[Key] = set()
        self.unread = 0
        self.judged: Memo = {}
        self.work, self.work_shipped = Work(), Work(MOST_SHIPPED)

    def resolve(self, reference: str) -> JsonObject | None:
        if reference in self._named:
            return self._named[reference]
        try:
            target = parse_reference(reference, self._base)
        except Value:
            return None
        if not isinstance(target, Local):
            return None
        key = (target.type, target.id)
        if key in self._passed_over:
            self.unread += 1
        elif key not in self._trees:
            self.asked.add(key)
        return self._trees.get(key)

    def contains(self, value_set: str, system: str | None, code: str) -> bool | None:
        return self._value_sets.contains(value_set, system, code)

    def described(self, value_set: str) -> str:
        return self._value_sets.described(value_set)

    async def learn(self, unit: Unit) -> bool:
        """Fetches what was asked for, as far as the caller may see it; False when there is nothing new to fetch."""
        if not self.asked:
            return False
        wanted = sorted(self.asked)[: self._room]
        if len(wanted) > FEW and await resources.weight(unit, wanted) > self._room_bytes:
            wanted = []
        self._passed_over |= self.asked.difference(wanted)
        found = await resources.current(unit, wanted) if wanted else {}
        for key in wanted:
            stored = found.get(key)
            self._trees[key] = json.parse(projection(stored)) if stored is not None else None
        self._room -= len(wanted)
        self._room_bytes -= sum(len(each.body) for each in found.values())
        self.asked = set()
        self.judged.clear()
        return True
