"""What every type does when it is read: by id, by version, in its history, in either dress, in part."""

from tests.api.answers import refused
from tests.conformance.bench import XML, Subject, apart_from_meta, changed


async def reading_gives_what_was_sent(subject: Subject) -> None:
    made = await subject.make()
    answer = await subject.get(made.id)
    assert answer.status_code == 200
    assert apart_from_meta(answer.json()) == apart_from_meta(made.sent)
    assert answer.headers["Content-Type"].startswith("application/fhir+json")


async def what_is_not_there_is_404(subject: Subject) -> None:
    refused(await subject.get("0198c0de-0000-7000-8000-00000000dead"), 404, "not-found")


async def an_id_that_cannot_be_is_refused(subject: Subject) -> None:
    refused(await subject.get("a" * 65), 400, "value")


async def a_reader_without_the_scope_is_told(subject: Subject) -> None:
    made = await subject.make()
    refused(await subject.bench.narrow.get(f"{subject.name}/{made.id}"), 403, "forbidden")


async def head_is_get_without_the_body(subject: Subject) -> None:
    made = await subject.make()
    got, headed = await subject.get(made.id), await subject.http.head(subject.at(made.id))
    assert (headed.status_code, headed.content) == (200, b"")
    for name in ("ETag", "Last-Modified", "Content-Type"):
        assert headed.headers.get(name) == got.headers.get(name)


async def who_has_the_version_is_not_sent_it_again(subject: Subject) -> None:
    made = await subject.make()
    answer = await subject.get(made.id, **{"If-None-Match": made.etag})
    assert (answer.status_code, answer.content) == (304, b"")
    answer = await subject.get(made.id, **{"If-Modified-Since": made.answer.headers["Last-Modified"]})
    assert answer.status_code == 304
    assert (await subject.get(made.id, **{"If-None-Match": 'W/"99"'})).status_code == 200


async def a_version_can_be_read(subject: Subject) -> None:
    made = await subject.make()
    answer = await subject.get(f"{made.id}/_history/1")
    assert (answer.status_code, answer.json()) == (200, made.tree)
    refused(await subject.get(f"{made.id}/_history/2"), 404, "not-found")


async def the_history_tells_every_version_newest_first(subject: Subject) -> None:
    made = await subject.make()
    versions = [made.tree]
    if "update" in subject.served.interactions:
        versions.insert(0, (await subject.put(made, changed(made.tree))).json())
    answer = await subject.get(f"{made.id}/_history")
    assert answer.status_code == 200, answer.text
    bundle = answer.json()
    assert bundle["type"] == "history"
    assert [entry["resource"] for entry in bundle["entry"]] == versions
    assert [entry["request"]["method"] for entry in bundle["entry"]] == ["PUT", "POST"][-len(versions) :]


async def the_history_of_the_type_has_it(subject: Subject) -> None:
    made = await subject.make()
    answer = await subject.get("_history?_count=5")
    assert answer.status_code == 200, answer.text
    entries = answer.json()["entry"]
    assert len(entries) <= 5
    assert made.tree in [entry.get("resource") for entry in entries]


async def an_outsider_is_told_nothing(subject: Subject) -> None:
    made = await subject.make()
    await subject.is_hidden(made)
    if "vread" in subject.served.interactions:
        await subject.is_hidden(made, rest="/_history/1")
        await subject.is_hidden(made, rest="/_history")
        await subject.is_hidden(made, rest="/$meta")


async def xml_says_the_same_as_json(subject: Subject) -> None:
    made = await subject.make()
    read = await subject.get(made.id, Accept=XML)
    assert read.status_code == 200, read.text
    assert read.headers["Content-Type"].startswith(XML)
    by_format = await subject.get(f"{made.id}?_format=xml")
    assert by_format.content == read.content
    if "update" in subject.served.interactions:
        back = await subject.http.put(subject.at(made.id), content=read.content, headers={"Content-Type": XML})
        assert back.status_code == 200, back.text
    elif subject.written:
        back = await subject.http.post(subject.at(), content=read.content, headers={"Content-Type": XML})
        assert back.status_code == 201, back.text
    else:
        return
    assert apart_from_meta(back.json()) == apart_from_meta(made.tree)


async def a_part_of_it_can_be_asked_for(subject: Subject) -> None:
    made = await subject.make()
    for asked in ("_summary=true", "_elements=id", "_summary=data", "_summary=text"):
        answer = await subject.get(f"{made.id}?{asked}")
        assert answer.status_code == 200, (asked, answer.text)
        part = answer.json()
        assert "SUBSETTED" in [tag.get("code") for tag in part["meta"].get("tag", ())], asked
        assert {*apart_from_meta(part)} <= {*apart_from_meta(made.tree)}
        assert part["id"] == made.id
    assert (await subject.get(f"{made.id}?_summary=false")).json() == made.tree


async def its_meta_can_be_asked_for(subject: Subject) -> None:
    made = await subject.make()
    answer = await subject.get(f"{made.id}/$meta")
    assert answer.status_code == 200, answer.text
    (parameter,) = answer.json()["parameter"]
    assert parameter["valueMeta"] == made.tree["meta"]
    of_type = (await subject.get("$meta")).json()["parameter"][0]["valueMeta"]
    if subject.written:
        assert made.tag in [tag["code"] for tag in of_type["tag"]]


async def an_address_that_takes_something_else_says_so(subject: Subject) -> None:
    for method, rest, interaction in (
        ("POST", "", "create"),
        ("PUT", "/x", "update"),
        ("DELETE", "/x", "delete"),
    ):
        if interaction not in subject.served.interactions:
            answer = await subject.http.request(method, subject.at() + rest, json={"resourceType": subject.name})
            refused(answer, 405, "not-supported")
