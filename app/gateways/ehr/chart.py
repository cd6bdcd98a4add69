"""An EHR's FHIR server, as one launch's token may use it: read, search page by page, and write what it offers.

The token goes to addresses under this EHR's FHIR base and nowhere else, whatever a reference or a next link says.

*Source*: R4 http.html, search.html#paging; security sheet BSC-03, BSC-04, APP-12, E17, part 4 R.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal
from urllib.parse import urlencode, urljoin

from app.fhir import json
from app.fhir.errors import Refusal
from app.fhir.json import JsonObject, Number
from app.gateways.ehr.discovery import ask_json
from app.gateways.ehr.trouble import EhrTrouble, Kind, from_call
from app.gateways.outbound.addresses import Allowance
from app.gateways.outbound.client import Answer, Outbound, OutboundTrouble

FHIR_JSON: Final = "application/fhir+json"
PAGE = 100
MAX_PAGES = 20
_TYPE = re.compile(r"[A-Z][A-Za-z]{1,63}", re.ASCII)
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}", re.ASCII)

Interaction = Literal["read", "search-type", "create", "update"]

# what a status means, where it is no answer to what was asked
STATUSES: Final[Mapping[int, Kind]] = {
    401: "ended", 403: "refused", 404: "not-offered", 405: "not-offered", 408: "away", 409: "away", 425: "away",
    429: "away", 501: "not-offered",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a server's CapabilityStatement offers: (type, interaction) pairs."""

    offered: frozenset[tuple[str, str]]

    def offers(self, type_name: str, interaction: Interaction) -> bool:
        """True when the server says so; one that says nothing offers nothing."""
        return (type_name, interaction) in self.offered


class Found(list[JsonObject]):
    """What a search found. `complete` is false when the server has more, or gave what cannot be named by an id."""

    complete: bool = True


@dataclass(slots=True)
class Chart:
    """One EHR's chart by one access token. Every method raises EhrTrouble.

    `renew` gives another token for one that the EHR refused; it is asked once, however many calls were refused.
    """

    outbound: Outbound
    allowance: Allowance
    fhir_base: str
    access_token: str = field(repr=False)
    renew: Callable[[str], Awaitable[str]] | None = None
    _renewing: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)
    _over: EhrTrouble | None = None

    async def read(self, type_name: str, id: str) -> JsonObject | None:
        """The resource as it is now; None when there is none, or not any more."""
        if not _TYPE.fullmatch(type_name) or not _ID.fullmatch(id):
            return None
        answer = await self._call("GET", f"{self.fhir_base}/{type_name}/{id}")
        if answer.status in (404, 410):
            return None
        tree = _resource(_good(answer), type_name)
        if not _name(tree) or tree["id"] != id:
            raise EhrTrouble("not-fhir")
        return tree

    async def search(self, type_name: str, params: Mapping[str, str], most: int = 200) -> Found:
        """At most `most` resources of this type, over as many pages as it takes; notes of the server are left out."""
        query = urlencode({**params, "_count": str(min(most, PAGE))})
        url: str | None = f"{self.fhir_base}/{type_name}?{query}"
        found, asked, unnamed = Found(), set[str](), 0
        while url is not None and url not in asked and len(found) < most and len(asked) < MAX_PAGES:
            asked.add(url)
            answer = await self._call("GET", url)
            if answer.status in (400, 422):  # it does not know one of the parameters
                raise EhrTrouble("not-offered")
            page = _resource(_good(answer), "Bundle")
            trees = _entries(page, type_name)
            named = [tree for tree in trees if _name(tree)]
            found += named
            unnamed += len(trees) - len(named)
            url = self._next(page)
        found.complete = url is None and len(found) <= most and not unnamed
        del found[most:]
        return found

    async def capabilities(self) -> Capabilities:
        """What the server says it offers; asked without the token, as anybody may."""
        statement = await ask_json(self.outbound, f"{self.fhir_base}/metadata", self.allowance)
        if statement is None or statement.get("resourceType") != "CapabilityStatement":
            raise EhrTrouble("not-fhir", "The EHR does not say what it offers.")
        return Capabilities(frozenset(_offered(statement)))

    async def create(self, tree: JsonObject, if_none_exist: str | None = None) -> str:
        """The id that the EHR gave the new resource, empty when it does not say. Once it is made, nothing is raised.

        `if_none_exist` is a search such as `identifier=s|v`: servers that heed it create nothing a second time.
        """
        headers = {"If-None-Exist": if_none_exist} if if_none_exist else {}
        answer = _good(await self._call("POST", f"{self.fhir_base}/{tree['resourceType']}", tree, headers))
        return _id_in(answer.headers.get("location", ""), tree["resourceType"]) or _id_of(answer, tree["resourceType"])

    async def update(self, tree: JsonObject) -> bool:
        """Writes this resource over the one with its id, in the version that `tree` was read in.

        False when somebody else wrote meanwhile: read it anew.
        """
        version = _version(tree)
        headers = {"If-Match": f'W/"{version}"'} if version else {}
        answer = await self._call("PUT", f"{self.fhir_base}/{tree['resourceType']}/{tree['id']}", tree, headers)
        if answer.status in (409, 412):
            return False
        _good(answer)
        return True

    async def _call(
        self, method: str, url: str, tree: JsonObject | None = None, more: Mapping[str, str] | None = None
    ) -> Answer:
        if not self._is_under_base(url):
            raise EhrTrouble("address")
        body = None if tree is None else json.dump(tree)
        headers = {"Accept": FHIR_JSON, **({} if body is None else {"Content-Type": FHIR_JSON}), **(more or {})}
        token = self.access_token
        answer = await self._ask(method, url, headers, body, token)
        # whoever is refused by a 401 has done nothing yet, so a write may go once more, too
        if answer.status == 401 and await self._has_another(token):
            answer = await self._ask(method, url, headers, body, self.access_token)
        return answer

    async def _has_another(self, refused: str) -> bool:
        """Whether there is a token now that has not been refused."""
        async with self._renewing:
            renew, self.renew = self.renew, None
            if renew is not None:
                try:
                    self.access_token = await renew(refused)
                except EhrTrouble as trouble:
                    self._over = trouble
        if self._over is not None:
            raise EhrTrouble(self._over.kind, self._over.words)
        return self.access_token != refused

    async def _ask(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, token: str) -> Answer:
        headers = {"Authorization": f"Bearer {token}", **headers}
        try:
            return await self.outbound.request(method, url, allowance=self.allowance, headers=headers, content=body)
        except OutboundTrouble as trouble:
            raise from_call(trouble) from None

    def _is_under_base(self, url: str) -> bool:
        """Also after a server has taken dots, escapes and parameters for steps: none of them leads out of the base."""
        path, _, _ = url.removeprefix(self.fhir_base).partition("?")
        plain = path.lower().replace("%2e", ".").replace("%2f", "/").replace("%5c", "\\").replace("%3b", ";")
        if {"\\", ";"} & {*plain} or {".", ".."} & {*plain.split("/")}:
            return False
        return url.startswith((f"{self.fhir_base}/", f"{self.fhir_base}?"))

    def _next(self, page: JsonObject) -> str | None:
        """The next page's address; one not under the base ends it all: half a chart is not shown as a whole one."""
        links = page.get("link")
        for link in links if isinstance(links, list) else ():
            if isinstance(link, dict) and link.get("relation") == "next":
                return self._within(link.get("url"))
        return None

    def _within(self, said: object) -> str:
        """The address that a server named, which may be a relative one. Raises EhrTrouble."""
        try:
            url = urljoin(f"{self.fhir_base}/", said) if isinstance(said, str) else ""
        except ValueError:
            raise EhrTrouble("not-fhir") from None
        if not self._is_under_base(url):
            raise EhrTrouble("address")
        return url


def _good(answer: Answer) -> Answer:
    """The answer when it is one of success."""
    if 200 <= answer.status < 300:
        return answer
    raise EhrTrouble(
        "away" if answer.status >= 500 and answer.status != 501 else STATUSES.get(answer.status, "refused")
    )


def _resource(answer: Answer, type_name: str) -> JsonObject:
    """The resource of this type: a page of HTML or an OperationOutcome is none, whatever the status says."""
    try:
        tree = json.parse(answer.body)
    except Refusal:
        raise EhrTrouble("not-fhir") from None
    if tree.get("resourceType") != type_name:
        raise EhrTrouble("not-fhir")
    return tree


def _entries(page: JsonObject, type_name: str) -> list[JsonObject]:
    entries = page.get("entry")
    trees = [entry.get("resource") for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
    return [tree for tree in trees if isinstance(tree, dict) and tree.get("resourceType") == type_name]


def _name(tree: JsonObject) -> bool:
    """True when it has an id; one written as a number becomes its text, as some EHRs mean it."""
    id = tree.get("id")
    if isinstance(id, Number) or type(id) is int:
        id = tree["id"] = id.text if isinstance(id, Number) else str(id)
    return isinstance(id, str) and _ID.fullmatch(id) is not None


def _id_in(location: str, type_name: str) -> str:
    """The id at the end of any address: servers behind a proxy tell their inner one. Nothing is sent to it."""
    found = re.search(rf"(?:^|/){type_name}/({_ID.pattern})(?:/_history/[^/]*)?/?\Z", location, re.ASCII)
    return found[1] if found else ""


def _version(tree: JsonObject) -> str:
    meta = tree.get("meta")
    version = meta.get("versionId") if isinstance(meta, dict) else None
    return version if isinstance(version, str) and _ID.fullmatch(version) else ""


def _id_of(answer: Answer, type_name: str) -> str:
    try:
        tree = json.parse(answer.body) if answer.body else {}
    except Refusal:
        return ""
    return str(tree["id"]) if tree.get("resourceType") == type_name and _name(tree) else ""


def _offered(statement: JsonObject) -> list[tuple[str, str]]:
    resources = [each for rest in _objects(statement.get("rest")) for each in _objects(rest.get("resource"))]
    return [
        (str(each.get("type")), str(interaction.get("code")))
        for each in resources
        for interaction in _objects(each.get("interaction"))
    ]


def _objects(value: object) -> list[JsonObject]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
