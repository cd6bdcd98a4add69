"""What the EHR's chart holds of a referral that was launched from it: as much as the EHR takes, and nothing fails."""

from base64 import b64decode
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from app.gateways.ehr.smart import EhrTrouble
from app.services.directory.register_ehr import Ehr, register_ehr
from app.services.referrals.respond import respond
from app.services.referrals.write_back import MOST_TRIES, write_back
from tests.builders import refer
from tests.clinician.charts import condition
from tests.clinician.ward import Ward
from tests.conftest import Database
from tests.launch.ehr import FakeEhr, fake_ehr
from tests.town import a_town, staff_of

TASK, DOCUMENT = {"Task": ("create", "update")}, {"DocumentReference": ("create",)}
REASON = "She shouted at us CANARY-reason"


@dataclass
class TakingEhr(FakeEhr):
    """`offers` is what its metadata says; `written` what it holds of ours; `refuses` answers writes with this status.

    `silent`: it does what it is asked and its answer is lost. `nameless`: it does not say the new id. `heeds`: it
    knows If-None-Exist, `finds`: it can be searched by identifier.
    """

    offers: dict[str, tuple[str, ...]] = field(default_factory=dict)
    written: dict[str, dict[str, Any]] = field(default_factory=dict)
    writes: int = 0
    refuses: int = 0
    silent: bool = False
    nameless: bool = False
    heeds: bool = False
    finds: bool = True

    async def metadata(self, _: Request) -> Response:
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
        wanted = request.headers.get("if-none-exist", "").removeprefix("identifier=")
        known = [each["id"] for each in self._named(kind, wanted)] if self.heeds else []
        key = request.path_params.get("key") or next(iter(known), f"w{self.writes}")
        self.written[f"{kind}/{key}"] = self.chart[f"{kind}/{key}"] = tree | {"id": key}
        if self.silent:
            return Response(status_code=503)
        return JSONResponse(
            {}, 201, headers={} if self.nameless else {"Location": f"{self.base}/{kind}/{key}/_history/1"}
        )

    def _named(self, kind: str, identifier: str) -> list[dict[str, Any]]:
        mine = [tree for name, tree in self.written.items() if name.startswith(f"{kind}/")]
        return [tree for tree in mine if "|".join(tree["identifier"][0].values()) == identifier]

    def _search(self, kind: str, request: Request) -> Response:
        if kind not in ("Task", "DocumentReference"):
            return super()._search(kind, request)
        found = self._named(kind, request.query_params["identifier"])
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

    async def forgets(self) -> None:
        """The EHR takes no token any more."""
        self.taking.tokens.clear()
        await self.town.world.rows("UPDATE launch_session SET access_sealed = NULL, refresh_sealed = NULL RETURNING 1")

    def text(self) -> str:
        """The newest document's text."""
        tree = list(self.taking.written.values())[-1]
        return b64decode(tree["content"][0]["attachment"]["data"]).decode()


@pytest.fixture
async def chart(database: Database, tmp_path: Path) -> AsyncIterator[Chart]:
    async with a_town(database, tmp_path) as town, fake_ehr(TakingEhr) as ehr:
        await register_ehr(town.world.network, Ehr("Clinic EHR", ehr.base, town.clinic, "baton"))
        ehr.chart["Condition/food"] = condition()
        made = Chart(town, ehr)
        try:
            yield made
        finally:
            await made.close()


async def test_an_ehr_that_takes_tasks_has_one_that_moves(chart: Chart) -> None:
    chart.taking.offers = TASK | DOCUMENT
    await chart.refers()
    (name,) = chart.taking.written
    first = chart.taking.written[name]
    (row,) = await chart.referrals()
    assert (first["status"], first["for"], first["description"]) == ("accepted", {"reference": "Patient/p1"}, "Food")
    assert first["identifier"][0]["value"] == f"urn:uuid:{row['id']}"
    await chart.pantry("Accept", "Start")
    assert chart.taking.written[name]["status"] == "in-progress"
    await chart.pantry("Complete", outcome="Food for two weeks")
    assert list(chart.taking.written) == [name]
    assert chart.taking.written[name]["status"] == "completed"
    assert "What came of it: Food for two weeks" in chart.taking.written[name]["note"][0]["text"]
    assert await chart.stands() == ("Task", "done", None)


async def test_an_ehr_that_takes_documents_gets_the_story_once_it_has_ended(chart: Chart) -> None:
    chart.taking.offers = DOCUMENT
    await chart.refers()
    assert chart.taking.written == {}
    assert await chart.stands() == ("DocumentReference", "waiting", "until-it-ends")
    await chart.pantry("Accept", "Start")
    await chart.pantry("Complete", outcome="Food for two weeks")
    (document,) = chart.taking.written.values()
    assert (document["subject"], document["status"]) == ({"reference": "Patient/p1"}, "current")
    assert document["masterIdentifier"] == document["identifier"][0]
    for words in ("Referral: Food", "Received", "Accepted", "Started", "What came of it: Food for two weeks"):
        assert words in chart.text()
    assert await chart.stands() == ("DocumentReference", "done", None)


async def test_what_an_organization_wrote_to_the_network_does_not_reach_the_chart(chart: Chart) -> None:
    chart.taking.offers = TASK
    await chart.refers()
    await chart.pantry("Decline", reason=REASON)
    (task,) = chart.taking.written.values()
    assert "Declined" in task["note"][0]["text"]
    assert "CANARY" not in str(task)


@pytest.mark.parametrize("offers", [{}, {"Task": ("create",)}, {"Task": ("read",), "DocumentReference": ("read",)}])
async def test_an_ehr_that_takes_nothing_costs_the_referral_nothing(chart: Chart, offers: dict[str, Any]) -> None:
    chart.taking.offers = offers
    await chart.refers()
    await chart.pantry("Accept", "Start")
    await chart.pantry("Complete", outcome="Food")
    assert chart.taking.written == {}
    assert await chart.stands() == ("none", "not-offered", None)
    (row,) = await chart.referrals()
    assert row["closed_as"] == "completed"


async def test_scopes_decide_where_the_server_would_take_more(chart: Chart) -> None:
    chart.taking.offers = TASK | DOCUMENT
    chart.taking.scopes = "launch openid fhirUser patient/Patient.rs patient/Condition.rs patient/DocumentReference.cu"
    await chart.refers()
    assert await chart.stands() == ("DocumentReference", "waiting", "until-it-ends")


async def test_without_a_token_it_waits_and_the_next_launch_of_this_patient_brings_it(chart: Chart) -> None:
    chart.taking.offers = DOCUMENT
    await chart.refers()
    await chart.forgets()
    await chart.pantry("Accept", "Start")
    await chart.pantry("Complete", outcome="Food for two weeks")
    assert (await chart.stands())[1:] == ("waiting", "no-token")
    await chart.launched("p2")
    await chart.town.world.settled()
    assert chart.taking.written == {}
    await chart.launched("p1")
    await chart.town.world.settled()
    assert "Food for two weeks" in chart.text()
    assert await chart.stands() == ("DocumentReference", "done", None)


async def test_a_token_that_the_ehr_took_back_waits_too(chart: Chart) -> None:
    chart.taking.offers = TASK
    await chart.refers()
    chart.taking.tokens.clear()
    await chart.pantry("Accept")
    assert await chart.stands() == ("Task", "waiting", "ended")


async def test_repeating_makes_nothing_twice(chart: Chart) -> None:
    chart.taking.offers = DOCUMENT
    await chart.refers()
    await chart.pantry("Accept", "Start")
    await chart.pantry("Complete", outcome="Food")
    writes = chart.taking.writes
    await chart.again()
    assert (chart.taking.writes, len(chart.taking.written)) == (writes, 1)


@pytest.mark.parametrize("finds", [True, False])
@pytest.mark.parametrize("offers", [TASK, DOCUMENT])
async def test_an_answer_that_was_lost_makes_nothing_twice(chart: Chart, offers: dict[str, Any], finds: bool) -> None:
    """The EHR has written it and says it is away: the next try finds it, or asks that nothing be made twice."""
    chart.taking.finds, chart.taking.heeds = finds, not finds
    await chart.refers()
    await chart.pantry("Accept", "Start")
    await chart.pantry("Complete", outcome="Food")
    chart.taking.offers, chart.taking.silent = offers, True
    with pytest.raises(EhrTrouble, match="away"):
        await chart.again()
    assert (await chart.stands())[1:] == ("waiting", "away")
    chart.taking.silent = False
    await chart.again()
    assert len(chart.taking.written) == 1
    assert (await chart.stands())[1] == "done"


async def test_an_ehr_that_is_away_for_long_holds_up_nothing(chart: Chart) -> None:
    """It is tried for as long as a delivery is, and then with the patient's next launch."""
    await chart.refers()
    chart.taking.offers, chart.taking.refuses = TASK, 503
    for _ in range(MOST_TRIES - 1):
        with pytest.raises(EhrTrouble, match="away"):
            await chart.again()
    await chart.again()
    assert await chart.stands() == ("Task", "waiting", "away")
    chart.taking.refuses = 0
    await chart.launched("p1")
    await chart.town.world.settled()
    assert await chart.stands() == ("Task", "done", None)


async def test_an_ehr_that_does_not_say_the_new_id_is_asked_for_it(chart: Chart) -> None:
    chart.taking.offers, chart.taking.nameless = TASK, True
    await chart.refers()
    await chart.pantry("Accept", "Start")
    assert [tree["status"] for tree in chart.taking.written.values()] == ["in-progress"]


@pytest.mark.parametrize(("status", "state"), [(422, "failed"), (403, "failed"), (400, "failed"), (405, "not-offered")])
async def test_an_ehr_that_refuses_is_told_apart_and_stops_nothing(chart: Chart, status: int, state: str) -> None:
    chart.taking.offers, chart.taking.refuses = TASK, status
    await chart.refers()
    assert (await chart.stands())[1] == state
    chart.taking.refuses = 0
    await chart.pantry("Accept")
    assert (await chart.stands())[1] == "done"


async def test_a_referral_by_another_door_is_not_written_into_any_chart(chart: Chart) -> None:
    chart.taking.offers = TASK
    town = chart.town
    await refer(town.world, town.ehr, town.pantry)
    await town.world.settled()
    assert chart.taking.written == {}
    assert await town.world.rows("SELECT 1 FROM write_back") == []
