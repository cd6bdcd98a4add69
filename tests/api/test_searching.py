"""Searches: what is refused, what is told, and that a chain feels for nothing that the caller may not search or see."""

from uuid import uuid4

import pytest

from tests.api.answers import MARK, outcome_issues, refused
from tests.builders import resource
from tests.town import Town

FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        pytest.param("_count=-1", "value", id="C02 negative"),
        pytest.param("_count=1e3", "value", id="C02 exponent"),
        pytest.param(f"_count={MARK}", "value", id="C02 a word"),
        pytest.param("_count=1&_count=2", "value", id="_count twice"),
        pytest.param("_lastUpdated=2024-13", "value", id="C03 month 13"),
        pytest.param(f"_lastUpdated={MARK}", "value", id="C03 a word"),
        pytest.param("_lastUpdated=gt2024-01-01T25:00:00Z", "value", id="C03 hour 25"),
        pytest.param("identifier=a|b,", "value", id="C04 empty alternative"),
        pytest.param("identifier=|", "value", id="C04 a bar alone"),
        pytest.param("name:nothing=a", "not-supported", id="unknown modifier"),
        pytest.param("name=%00", "value", id="NUL"),
        pytest.param("name=%ED%A0%80", "value", id="surrogate"),
        pytest.param("name=%FF", "value", id="no UTF-8"),
        pytest.param("_include=*", "too-costly", id="C05 any include"),
        pytest.param("_include:iterate=Patient:general-practitioner", "too-costly", id="C05 iterate"),
        pytest.param("&".join(["_include=Patient:organization"] * 11), "too-costly", id="C05 eleven includes"),
        pytest.param("a.b.c.d=x", "too-costly", id="C06 three hops"),
        pytest.param("&".join(f"name=a{n}" for n in range(51)), "too-costly", id="51 parameters"),
        pytest.param("&".join(f"name=a{n}" for n in range(70)), "value", id="70 parameters"),
        pytest.param("_id=" + ",".join("a" for _ in range(201)), "value", id="201 values"),
    ],
)  # fmt: skip
async def test_a_search_that_makes_no_sense_is_refused(town: Town, query: str, code: str) -> None:
    refused(await town.ehr.get(f"Patient?{query}"), 400, code)
    posted = await town.ehr.http.post("/fhir/Patient/_search", content=query, headers={"Content-Type": FORM})
    refused(posted, 400, code)


async def test_an_unknown_parameter_is_told_or_refused(town: Town) -> None:
    """INP-17."""
    lenient = await town.ehr.get(f"Patient?nothing={MARK}&name=a")
    (warning,) = [entry for entry in lenient.json()["entry"] if entry["search"]["mode"] == "outcome"]
    issue = warning["resource"]["issue"][0]
    assert (issue["severity"], issue["expression"]) == ("warning", ["nothing"])
    strict = await town.ehr.http.get(
        f"/fhir/Patient?nothing={MARK}&no,thing=1&x=1", headers={"Prefer": "handling=strict"}
    )
    issues = refused(strict, 400, "not-supported")
    assert [each.get("expression") for each in issues] == [["nothing"], None, ["x"]]


async def test_a_parameter_without_a_value_is_passed_over(town: Town) -> None:
    """search.html#parameters. A condition is not: see test_conditional.py."""
    named = (await town.ehr.create(resource("Patient", name=[{"family": "Wombatson"}]))).json()["id"]
    answer = (await town.ehr.get("Patient?birthdate=&name=wombatson&gender&_count=&_sort=&_pretty=")).json()
    assert [each["resource"]["id"] for each in answer["entry"]] == [named]
    assert answer["link"][0]["url"].endswith("/Patient?name=wombatson")


async def test_a_named_query_that_is_not_there_is_refused(town: Town) -> None:
    """search.html#query: never passed over, since everything would be found."""
    refused(await town.ehr.get("Patient?_query=current"), 400, "not-supported", rule="search-query", at="_query")


async def test_a_search_by_post_may_have_its_parameters_in_the_address(town: Town) -> None:
    """search.html#search: in the address, in the body, or in both."""
    name = (await town.ehr.create(resource("Location", name="Quokka house"))).json()["id"]
    for address, body, found in (
        ("name=quokka", b"", True),
        ("", b"name=quokka", True),
        ("_id=nobody", b"name=quokka", False),
    ):
        headers = {"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"} if body else {}
        answer = await town.ehr.http.post(f"/fhir/Location/_search?{address}", content=body, headers=headers)
        assert answer.status_code == 200, answer.text
        assert (name in answer.text) is found


@pytest.mark.parametrize("kind", [FORM, f"{FORM};charset=iso-8859-1"])
async def test_a_search_in_another_encoding_is_refused_and_finds_nothing_else(town: Town, kind: str) -> None:
    headers = {"Content-Type": kind}
    answer = await town.ehr.http.post("/fhir/Patient/_search", content=b"name=Nu\xf1ez", headers=headers)
    refused(answer, 400 if kind == FORM else 415, "value" if kind == FORM else "not-supported")


async def test_a_version_in_an_address_is_asked_for_beside_it(town: Town) -> None:
    """search.html#uri."""
    url = f"https://x.example/Questionnaire/{uuid4()}"
    made = (await town.ehr.create(resource("Questionnaire", url=url, version="1.0"))).json()["id"]
    assert [each["id"] for each in await town.ehr.search(f"Questionnaire?url={url}|1.0")] == [made]
    assert [each["id"] for each in await town.ehr.search(f"Questionnaire?url={url}")] == [made]
    assert await town.ehr.search(f"Questionnaire?url={url}|2.0") == []


async def test_a_search_by_post_reads_a_form_only(town: Town) -> None:
    answer = await town.ehr.http.post("/fhir/Patient/_search", json={"name": "a"})
    refused(answer, 415, "not-supported")
    answer = await town.ehr.http.post(
        "/fhir/Patient/_search", content=b"name=" + b"a" * 9000, headers={"Content-Type": FORM}
    )
    refused(answer, 413, "too-long")


async def test_a_large_count_is_cut_to_the_most(town: Town) -> None:
    assert (await town.ehr.get("Patient?_count=999999999999")).status_code == 200


@pytest.mark.parametrize("query", ["identifier=a|b", "identifier=|b", "identifier=a|", "name=x\\,y", "_id=nothing,%20",
                                   "birthdate=ge2000&birthdate=lt2001", "general-practitioner=Practitioner/1",
                                   "_lastUpdated=ne2024&_lastUpdated=le2030-01-01T00:00:00.000Z", "name:exact=Ana",
                                   "identifier:not=a|b", "name:missing=true", "_count=0", "_total=accurate",
                                   "name='; DROP TABLE resource; --", "name=%25_", "identifier=urn:x|' OR 1=1"])  # fmt: skip
async def test_any_other_search_is_answered(town: Town, query: str) -> None:
    answer = await town.ehr.get(f"Patient?{query}")
    assert answer.status_code == 200, answer.text
    assert answer.json()["type"] == "searchset"


VALUES = {
    "token": ("a|b", "|b", "b", "a|", "a,b|c"),
    "reference": (
        "Patient/1",
        "1",
        "https://ehr.example/fhir/Patient/1",
        "urn:uuid:0198c0de-0000-7000-8000-000000000000",
    ),
    "date": tuple(f"{prefix}2024-02" for prefix in ("", "eq", "ne", "gt", "ge", "lt", "le", "sa", "eb", "ap")),
    "quantity": (
        "5.4",
        "5.4||mg",
        "ap5.4|http://unitsofmeasure.org|mg",
        *(f"{p}1e2" for p in ("ne", "gt", "le", "sa")),
    ),
    "number": ("5", "ge5.0"),
    "composite": ("a|b$c", "a$|b,c|$d"),
    "string": ("a", "\u00c9t\u00e9", "x\\\\,y"),
    "uri": ("http://a.example",),
}
MODIFIERS = {"token": (":not",), "string": (":exact", ":contains")}


async def test_every_parameter_in_every_form_is_answered(town: Town) -> None:
    alone: set[str] = set()
    # the audit is for the network's own systems
    asked = {name: served for name, served in town.world.network.registry.types.items() if name != "AuditEvent"}
    for type_name, served in asked.items():
        for code, parameter in served.parameters.items():
            forms = [f"{code}={value}" for value in VALUES[parameter.kind]]
            if parameter.kind != "composite":
                forms += [f"{code}:missing={value}" for value in ("true", "false")]
            forms += [f"{code}{modifier}=a|b" for modifier in MODIFIERS.get(parameter.kind, ())]
            forms += [f"{code}:of-type=a|b|c"] if "Identifier" in parameter.reads else []
            forms += [f"{code}:text=a"] if "CodeableConcept" in parameter.reads else []
            forms += [f"{code}:identifier=a|b"] if "Reference" in parameter.reads else []
            forms += [f"{code}:{target}=1" for target in parameter.targets[:1] if len(parameter.targets) > 1]
            # all in one statement; and, for one parameter of each kind, each by itself
            queries = ["&".join(forms), *(() if parameter.kind in alone else forms)]
            alone.add(parameter.kind)
            for query in queries:
                answer = await town.ehr.get(f"{type_name}?{query}")
                assert answer.status_code == 200, (type_name, query, answer.text)
    assert {"token", "reference", "date", "string", "uri", "quantity", "composite"} <= alone


async def test_a_date_is_compared_as_an_interval(town: Town) -> None:
    """R4 search, date: what each prefix finds for a search by day, month and moment."""
    for born in ("1950", "1950-03", "1950-03-15", "1951-01-01"):
        made = await town.ehr.create(resource("Patient", name=[{"family": "Wombat"}], birthDate=born))
        assert made.status_code == 201
    expected = {
        "1950": ["1950", "1950-03", "1950-03-15"],
        "1950-03": ["1950-03", "1950-03-15"],
        "ne1950-03": ["1950", "1951-01-01"],
        "gt1950-03-15": ["1950", "1950-03", "1951-01-01"],
        "ge1951": ["1951-01-01"],
        "lt1950-03-15": ["1950", "1950-03"],
        "le1950-03-15": ["1950", "1950-03", "1950-03-15"],
        "sa1950": ["1951-01-01"],
        "eb1950-03-15": [],
        "eb1951": ["1950", "1950-03", "1950-03-15"],
        "ge1950-03&birthdate=lt1950-04": ["1950", "1950-03", "1950-03-15"],
    }
    found = {
        text: sorted(each["birthDate"] for each in await town.ehr.search(f"Patient?name=wombat&birthdate={text}"))
        for text in expected
    }
    assert found == expected


async def test_a_chain_needs_the_scope_of_what_it_passes_through(town: Town) -> None:
    """SCO-15."""
    narrow = await town.world.system(town.clinic, scopes="system/Task.rs system/Condition.rs")
    refused(await narrow.get("Condition?patient.name=a"), 403, "forbidden", rule="scope")
    assert (await town.ehr.get("Condition?patient.name=a")).status_code == 200


async def test_a_chain_does_not_feel_for_what_is_hidden(town: Town) -> None:
    """A Condition that the clinic sees, about a person whom the pantry alone sees, is not found by that person's name."""
    person = (await town.ehr.create(resource("Patient", name=[{"family": "Quokka"}]))).json()["id"]
    made = (await town.ehr.create(resource("Condition", subject=f"Patient/{person}"))).json()["id"]
    assert [each["id"] for each in await town.ehr.search("Condition?patient.name=quokka")] == [made]
    await town.world.rows(
        "UPDATE participation SET until = now() WHERE resource = $1::uuid AND role = 'author'", person
    )
    assert await town.ehr.search("Condition?patient.name=quokka") == []
    assert await town.ehr.search(f"Condition?patient={person}") == []
    assert [each["id"] for each in await town.ehr.search("Condition") if each["id"] == made] == [made]


async def test_a_total_counts_what_the_caller_sees(town: Town) -> None:
    """SCO-13."""
    for system in (town.cbo, town.cbo, town.ehr):
        assert (await system.create(resource("Location", name="Kookaburra"))).status_code == 201
    totals = [
        (await system.get(f"Location?name=kookaburra&{ask}")).json()["total"]
        for system in (town.ehr, town.cbo, town.other_cbo)
        for ask in ("_total=accurate", "_count=0")
    ]
    assert totals == [1, 1, 2, 2, 0, 0]


async def test_an_ignored_include_is_told(town: Town) -> None:
    await town.ehr.create(resource("Patient"))
    answer = await town.ehr.get("Patient?_include=Patient:nothing")
    (warning,) = [entry for entry in answer.json()["entry"] if entry["search"]["mode"] == "outcome"]
    issue = warning["resource"]["issue"][0]
    assert (issue["severity"], issue["code"]) == ("warning", "not-supported")


async def test_every_refusal_of_a_search_is_whole(town: Town) -> None:
    outcome_issues((await town.ehr.get("Patient?_count=x")).json())
