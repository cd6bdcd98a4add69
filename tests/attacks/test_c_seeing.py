"""Section C: searching and seeing. What others have is found by nobody, felt for by nobody and looks like nothing."""

from typing import Any

import httpx

from tests.api.answers import without_number
from tests.attacks.attack import Attack, Send, bundles, carry_out, gets, sends, told_apart
from tests.attacks.scene import Scene
from tests.builders import DELETE, entry, refer, resource

SECRET = "Quuxington"


def found(answer: httpx.Response) -> list[dict[str, Any]]:
    return [each["resource"] for each in answer.json().get("entry", ())]


async def crowded(scene: Scene) -> None:
    """501 places with one name."""
    crowd = entry(resource("Location", name="crowd"))
    for size in (500, 1):
        answer = await scene.town.ehr.bundle("transaction", [crowd] * size)
        assert answer.status_code == 200, answer.text


async def half_shared(scene: Scene) -> None:
    """The shelter sees a Task, a Group and an Observation of the clinic, and nobody whom they are about."""
    if "group" in scene.names:
        return
    secret = {"reference": f"Patient/{await scene.made('secret', resource('Patient', name=[{'family': SECRET}]))}"}
    await scene.made("group", resource("Group", member=[{"entity": secret}], characteristic=DELETE, meta=DELETE))
    await scene.made("observation", resource("Observation", subject=secret, focus=[secret]))
    for type_name in ("Task", "Group", "Observation"):
        await scene.share(type_name, type_name.lower(), scene.town.shelter)


async def withdrawn(scene: Scene) -> None:
    """A referral that the pantry had, until its Consent was taken back."""
    if "past" not in scene.names:
        sent = await refer(scene.town.world, scene.town.ehr, scene.town.pantry)
        assert (await scene.town.cbo.get(f"{sent.ref('Patient')}/_history/1")).status_code == 200
        assert (await sent.change("Consent", status="inactive")).status_code == 200
        await scene.town.world.settled()
        scene.names["past"] = sent.ids["Patient"]


async def narrow(scene: Scene) -> None:
    """Systems of the clinic with fewer scopes."""
    for name, scopes in (("patients", "system/Patient.cruds"), ("tasks", "system/Task.rs"), ("places", "system/*.rs")):
        if name not in scene.systems:
            scene.systems[name] = await scene.town.world.system(scene.town.clinic, scopes=scopes)


async def signed(scene: Scene) -> None:
    """A Provenance of the Task and of the Patient of ours."""
    if "provenance" not in scene.names:
        targets = [{"reference": f"Task/{scene.names['task']}"}, {"reference": f"Patient/{scene.names['mine']}"}]
        await narrow(scene)
        agent = [{"who": {"reference": f"Organization/{scene.town.clinic}"}}]
        await scene.made("provenance", resource("Provenance", target=targets, agent=agent))


async def filed(scene: Scene) -> None:
    """A document of the shelter."""
    if "document" not in scene.names:
        await scene.made("document", resource("Binary"), by="other_cbo")


async def none_found(scene: Scene, answer: httpx.Response) -> None:
    assert found(answer) == []


async def only_what_was_asked_for(scene: Scene, answer: httpx.Response) -> None:
    """One match, and nobody along with it."""
    assert len(found(answer)) == 1
    assert [each["search"]["mode"] for each in answer.json()["entry"]] == ["match"]
    assert SECRET not in answer.text


async def no_act_along(scene: Scene, answer: httpx.Response) -> None:
    """One match alone; who has the scope gets the Provenance along."""
    types = [tree["resourceType"] for tree in found(answer) if tree["resourceType"] != "OperationOutcome"]
    assert types in (["Task"], ["Patient"])
    if "Provenance" in str(answer.request.url):
        allowed = await scene.town.ehr.http.get(str(answer.request.url))
        assert "Provenance" in [tree["resourceType"] for tree in found(allowed)]


async def found_by_the_author(scene: Scene, answer: httpx.Response) -> None:
    """Nothing here; the clinic, which sees the person, finds it by the same search."""
    assert found(answer) == []
    assert len(found(await scene.town.ehr.http.get(str(answer.request.url)))) == 1


async def capped(scene: Scene, answer: httpx.Response) -> None:
    assert len(found(answer)) == 500
    assert "next" in {link["relation"] for link in answer.json()["link"]}


async def counted(scene: Scene, answer: httpx.Response) -> None:
    assert answer.json()["total"] == 501
    assert found(answer) == []


async def as_if_missing(scene: Scene, answer: httpx.Response) -> None:
    """The same bytes as for what nobody has."""
    address = str(answer.request.url).replace(scene.names["theirs"], scene.names["nobody"])
    assert without_number(await scene.town.ehr.http.get(address)) == without_number(answer)


async def per_entry(scene: Scene, answer: httpx.Response) -> None:
    statuses = [each["response"]["status"][:3] for each in answer.json()["entry"]]
    assert statuses == ["201", "403"]


def next_link(edit: Any, by: str = "ehr") -> Send:
    """The second page of a search of the ehr's, its link changed by `edit` or used by another system."""

    async def send(scene: Scene) -> httpx.Response:
        page = (await scene.town.ehr.get("Location?name=crowd&_count=2")).json()
        url = next(link["url"] for link in page["link"] if link["relation"] == "next")
        assert (await scene.town.ehr.http.get(url)).status_code == 200
        return await scene.system(by).http.get(edit(url))

    return send


TOKEN = "_page="
EDITS = {
    "its first letter": lambda url: url.replace(TOKEN, TOKEN + "x"),
    "cut short": lambda url: url[:-4],
    "another search": lambda url: url.replace("name=crowd", "name=other"),
    "another size": lambda url: url.replace("_count=2", "_count=3"),
    "one more condition": lambda url: url.replace("name=crowd", "name=crowd&status=active"),
    "another type": lambda url: url.replace("/Location", "/Organization"),
    "made up": lambda url: url.split(TOKEN)[0] + TOKEN + "b2Zmc2V0PTEwMA",
    "none": lambda url: url.split(TOKEN)[0] + TOKEN,
}
DEEP = ("Task?" + ".".join(["part-of"] * 10) + ".status=requested", "Observation?" + "has-member." * 10 + "status=final",
        "Observation?focus" + ".focus" * 9 + ".status=x", "Patient?" + "_has:Task:subject:" * 10 + "status=x")  # fmt: skip
WRITES = ("PUT", "DELETE", "PATCH")

ATTACKS = (
    *(Attack("C02", text, gets(f"Patient?_count={text}"), 400, "value") for text in ("-1", "abc", "1.5", "１")),
    Attack("C02", "a billion", gets("Location?name=crowd&_count=1000000000"), 200, after=capped, before=crowded),
    Attack("C02", "0", gets("Location?name=crowd&_count=0"), 200, after=counted),
    *(Attack("C05", query[:24], gets(query), 400, "too-costly") for query in DEEP),
    *(
        Attack("C06", query, gets(f"Task?{query}"), 400, "too-costly")
        for query in ("_include=*", "_include=Task:*", "_revinclude=*", "_include:iterate=Task:focus", "_include:recurse=Task:focus", "_revinclude:iterate=Provenance:target")
    ),
    *(Attack("C10", address, gets(address), 404, "not-found") for address in ("Patient/{theirs}/Task", "Patient/*/Task", "Patient/{theirs}/$everything")),
    Attack("C11", "read", gets("Patient/{theirs}"), 404, "not-found", as_if_missing),
    *(Attack("C12", address, gets(f"Patient/{{theirs}}/{address}"), 404, "not-found", as_if_missing) for address in ("_history/1", "_history/2", "_history")),
    *(Attack("C13", address or "now", gets(f"Patient/{{past}}{address}", by="cbo"), 404, "not-found", before=withdrawn) for address in ("/_history/1", "/_history", "")),
    *(
        Attack("C14", query, gets(query, by="other_cbo"), 200, after=only_what_was_asked_for, before=half_shared)
        for query in (
            "Task?_id={task}&_include=Task:focus&_include=Task:patient&_include=Task:owner:Patient",
            "Group?_id={group}&_include=Group:member",
            "Observation?_id={observation}&_include=Observation:focus&_include=Observation:subject",
        )
    ),
    *(Attack("C14", query, gets(query), 404, "not-found") for query in ("List?_include=List:item", "Composition?_include=Composition:entry")),
    *(
        Attack("C15", f"{query} of {kind}", gets(f"{address}&_revinclude={query}", by=by), 200, after=no_act_along, before=signed)
        for kind, address, by in (("a Task", "Task?_id={task}", "tasks"), ("a Patient", "Patient?_id={mine}", "patients"))
        for query in ("AuditEvent:entity", "Provenance:target")
    ),
    Attack("C16", "_has", gets("Patient?_has:Observation:patient:code=x", by="patients"), 403, "forbidden", before=narrow),
    Attack("C16", "a chain", gets("Task?patient.name=x", by="tasks"), 403, "forbidden", before=narrow),
    Attack("C18", "by name", gets(f"Observation?subject:Patient.name={SECRET}", by="other_cbo"), 200, after=found_by_the_author, before=half_shared),
    Attack("C18", "of a Group", gets(f"Group?member:Patient.name={SECRET}", by="other_cbo"), 200, after=found_by_the_author, before=half_shared),
    Attack("C18", "backwards", gets("Patient?_has:Observation:subject:status=final", by="other_cbo"), 200, after=found_by_the_author, before=half_shared),
    Attack("C22", "by an EHR", gets("_history?_since=2020-01-01"), 403, "forbidden"),
    *(Attack("C24", name, next_link(edit), 400, "invalid") for name, edit in EDITS.items()),
    Attack("C25", "the pantry's system", next_link(str, by="cbo"), 400, "invalid"),
    Attack("C25", "another system of the clinic", next_link(str, by="places"), 400, "invalid", before=narrow),
    *(Attack("C29", query, gets(query), 200, after=none_found) for query in ("Condition?patient={patient}&patient={theirs}", "Task?patient={patient}&subject={theirs}", "Task?patient=Patient/{theirs}")),
    *(Attack("C32", address, sends(method, address), 404, "not-supported") for method, address in (("GET", "$graphql"), ("POST", "$convert"), ("GET", "$nothing"), ("GET", "Patient/$nothing"), ("POST", "Patient/{mine}/$graphql"))),
    Attack("C33", "of the shelter", gets("Binary/{document}"), 404, "not-found", before=filed),
    Attack("C33", "its bytes", gets("Binary/{document}", Accept="application/pdf"), 404, "not-found", before=filed),
    Attack("C33", "of nobody", gets("Binary/{nobody}"), 404, "not-found"),
    Attack("C46", "in a batch", bundles("batch", entry(resource("Patient")), entry(resource("Location")), by="patients"), 200, after=per_entry, before=narrow),
    Attack("C46", "in a transaction", bundles("transaction", entry(resource("Patient")), entry(resource("Location")), by="patients"), 403, "forbidden", before=narrow),
    Attack("C51", "by a CBO's system", gets("AuditEvent", by="cbo"), 403, "forbidden"),
    *(
        Attack("C52", f"{method} {kind}", sends(method, f"{kind}/{{nobody}}", None if method == "DELETE" else resource(kind, id="{nobody}")), 405, "not-supported")
        for method in WRITES
        for kind in ("AuditEvent", "Provenance")
    ),
)  # fmt: skip


@told_apart(ATTACKS)
async def test_nobody_sees_or_feels_what_others_have(scene: Scene, attack: Attack) -> None:
    await carry_out(scene, attack)
