"""An EHR that takes something back into its charts, as much and as oddly as a test says; and a ward that it stands in."""

import asyncio
from base64 import b64decode
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from app.services.referrals.respond import respond
from app.services.referrals.write_back import write_back
from tests.clinician.ward import Ward
from tests.launch.ehr import FakeEhr
from tests.town import staff_of

Offers = dict[str, tuple[str, ...]]
TASK: Offers = {"Task": ("create", "read", "update")}
DOCUMENT: Offers = {"DocumentReference": ("create",)}
# as of an EHR that lets nobody look for what was written
NO_SEARCH = (
    "launch openid fhirUser patient/Patient.rs patient/Condition.rs patient/Task.cru patient/DocumentReference.c"
)
POSTPONED = """
INSERT INTO delivery (event, handler, order_key, payload, tries, not_before, dead_reason)
SELECT gen_random_uuid(), 'write-back', $1::text, jsonb_build_object('referral', $1::text), 2, now() + $2::interval, $3
RETURNING id
"""


@dataclass
class TakingEhr(FakeEhr):
    """`offers` is what its metadata says; `written` what it holds of ours; `refuses` answers writes with this status.

    `silent`: it does what it is asked and its answer is lost. `nameless`: it does not say the new id. `finds`: it can be
    searched by identifier; `overlooks`: it answers such a search with everything. `location`: where it says that it
    stands. `answers`: cleared, its metadata does not come. `meanwhile`: a nurse's changes before each update.
    """

    offers: Offers = field(default_factory=dict)
    answers: asyncio.Event = field(default_factory=asyncio.Event)
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    location: str = ""
    overlooks: bool = False
    meanwhile: list[dict[str, Any]] = field(default_factory=list)
    written: dict[str, dict[str, Any]] = field(default_factory=dict)
    writes: int = 0
    refuses: int = 0
    silent: bool = False
    nameless: bool = False
    finds: bool = True

    def __post_init__(self) -> None:
        self.answers.set()

    async def metadata(self, _: Request) -> Response:
        self.asked.set()
        await self.answers.wait()
        resources = [
            {"type": kind, "interaction": [{"code": each} for each in codes]} for kind, codes in self.offers.items()
        ]
        return JSONResponse(
            {"resourceType": "CapabilityStatement", "rest": [{"mode": "server", "resource": resources}]}
        )

    async def take(self, request: Request) -> Response:
        if request.headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens:
            return JSONResponse({}, 401)
        if self.refuses:
            return JSONResponse({}, self.refuses)
        self.writes += 1
        kind, tree = request.path_params["kind"], await request.json()
        key = request.path_params.get("key")
        if key and self.meanwhile:
            self.changes(f"{kind}/{key}", **self.meanwhile.pop(0))
        if key and request.headers.get("if-match") != f'W/"{self.written[f"{kind}/{key}"]["meta"]["versionId"]}"':
            return JSONResponse({}, 412)
        key = key or f"w{self.writes}"
        self.changes(f"{kind}/{key}", whole=tree | {"id": key})
        if self.silent:
            return Response(status_code=503)
        location = f"{self.location or self.base}/{kind}/{key}/_history/1"
        return JSONResponse({}, 201, headers={} if self.nameless else {"Location": location})

    def changes(self, name: str, whole: dict[str, Any] | None = None, **more: Any) -> None:
        """Somebody writes, whole or a part."""
        version = int(self.written.get(name, {}).get("meta", {}).get("versionId", "0")) + 1
        tree = (self.written[name] if whole is None else whole) | more | {"meta": {"versionId": str(version)}}
        self.written[name] = self.chart[name] = tree

    def _named(self, kind: str, identifier: str) -> list[dict[str, Any]]:
        mine = [tree for tree in self._kept(kind) if isinstance(tree["identifier"], list)]
        return [tree for tree in mine if "|".join(tree["identifier"][0].values()) == identifier]

    def _search(self, kind: str, request: Request) -> Response:
        if kind not in ("Task", "DocumentReference"):
            return super()._search(kind, request)
        found = self._kept(kind) if self.overlooks else self._named(kind, request.query_params["identifier"])
        return self._bundle(kind, found) if self.finds else JSONResponse({}, 403)

    def application(self) -> Any:
        routes = [
            Route("/fhir/metadata", self.metadata),
            Route("/fhir/{kind}", self.take, methods=["POST"]),
            Route("/fhir/{kind}/{key}", self.take, methods=["PUT"]),
            Mount("/", super().application()),
        ]
        return Starlette(routes=routes)


@dataclass
class Chart(Ward):
    """A ward whose EHR takes something back."""

    @property
    def taking(self) -> TakingEhr:
        assert isinstance(self.ehr, TakingEhr)
        return self.ehr

    async def refers(self) -> None:
        await (await self.launched()).refers(self.town.pantry)
        await self.town.world.settled()

    async def pantry(self, *actions: str, **more: str) -> None:
        (row,) = await self.referrals()
        for action in actions:
            version = (await self.town.cbo.search("Task"))[0]["meta"]["versionId"]
            await respond(
                self.town.world.network, staff_of(self.town.pantry), row["id"], action, version=version, **more
            )
            await self.town.world.settled()

    async def stands(self) -> tuple[str, str, str | None]:
        """(kind, state, detail) of the one row."""
        (row,) = await self.town.world.rows("SELECT kind, state, detail FROM write_back")
        return row["kind"], row["state"], row["detail"]

    async def again(self) -> None:
        """The delivery once more, as after a crash."""
        (row,) = await self.referrals()
        await write_back(self.town.world.network, {"referral": str(row["id"])})

    async def completed(self, outcome: str = "Food") -> None:
        await self.pantry("Accept", "Start")
        await self.pantry("Complete", outcome=outcome)

    async def postponed(self, hours: int, dead: str | None = None) -> None:
        """The delivery as the worker leaves one that it could not carry out."""
        (row,) = await self.referrals()
        await self.town.world.rows(POSTPONED, str(row["id"]), timedelta(hours=hours), dead)

    async def forgets(self) -> None:
        """The EHR takes no token any more."""
        self.taking.tokens.clear()
        await self.town.world.rows("UPDATE launch_session SET access_sealed = NULL, refresh_sealed = NULL RETURNING 1")

    def text(self) -> str:
        """The newest document's text."""
        tree = list(self.taking.written.values())[-1]
        return b64decode(tree["content"][0]["attachment"]["data"]).decode()
