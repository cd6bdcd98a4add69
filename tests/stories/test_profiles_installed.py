"""A site drops its own package: after a restart it is enforced and listed, with no code; what was under way goes on."""

from pathlib import Path

import httpx

from tests.profiles.packing import code_system, dropped, packed, profile, value_set
from tests.stories.answering import answer, complete
from tests.stories.draw import Draw
from tests.stories.referral import PROFILES, Sent, drawn_referral, send
from tests.stories.system import Tree
from tests.stories.town import Town, custodian, town
from tests.stories.waiting import eventually

ROOMS, ROOM = code_system("rooms", "hall", "cell"), value_set("rooms", "rooms")
LOCATION = profile(
    "Location",
    {
        "path": "Location.physicalType",
        "min": 1,
        "binding": {"strength": "required", "valueSet": ROOM["url"]},
    },
)
# every referral says how urgent it is, and has a group, which nobody's had before
STRICTER = profile(
    "Task",
    {"path": "Task.groupIdentifier", "min": 1},
    name="county-referral",
    base=PROFILES + "SDOHCC-TaskForReferralManagement",
)


def test_what_a_site_installs_is_enforced_and_stops_no_referral_under_way(draw: Draw, tmp_path: Path) -> None:
    with town(draw) as place:
        under_way, task = _begun(place)
        unfit = {"resourceType": "Location", "name": "A room", "meta": {"profile": [LOCATION["url"]]}}
        assert place.ehr.post("Location", unfit).status_code == 201
        assert LOCATION["url"] not in _listed(place, "Location")

        package = dropped(tmp_path, packed(LOCATION, STRICTER, ROOMS, ROOM))
        place.server.command("profiles", "install", package, "--require", "county-referral")
        place.server.stop()
        place.server.start()
        place.signs_in_again()

        _is_enforced(place, unfit)
        assert STRICTER["url"] in _listed(place, "Task")
        _begins_no_more(place)
        _runs_to_its_end(place, under_way, task)


def _begun(place: Town) -> tuple[Sent, Tree]:
    """A referral that the first organization has accepted."""
    to = place.first.place
    referral = drawn_referral(place.draw, network=custodian(place.server), performer=to, consenting_to=(to,))
    sent = send(place.ehr, referral)
    (task,) = eventually(lambda: place.first_system.search("Task?status=requested"), "the organization is asked")
    return sent, answer(place.first_system, task, "accepted")


def _listed(place: Town, type_name: str) -> list[str]:
    """The supported profiles of a type, as the statement has them, without their versions."""
    (rest,) = place.ehr.read("metadata")["rest"]
    (told,) = (each for each in rest["resource"] if each["type"] == type_name)
    profiles: list[str] = told["supportedProfile"]
    return [each.partition("|")[0] for each in profiles]


def _is_enforced(place: Town, unfit: Tree) -> None:
    """By what is declared, to the codes of the site's own value set, which can be expanded."""
    assert LOCATION["url"] in _listed(place, "Location")
    _refused(place.ehr.post("Location", unfit), "profile-required", "Location.physicalType")
    other = {"coding": [{"system": ROOMS["url"], "code": "attic"}]}
    _refused(place.ehr.post("Location", unfit | {"physicalType": other}), "profile-code", "Location.physicalType")
    hall = {"coding": [{"system": ROOMS["url"], "code": "hall"}]}
    assert place.ehr.post("Location", unfit | {"physicalType": hall}).status_code == 201
    expansion = place.ehr.read(f"ValueSet/$expand?url={ROOM['url']}")["expansion"]
    assert [each["code"] for each in expansion["contains"]] == ["hall", "cell"]


def _begins_no_more(place: Town) -> None:
    """A new referral is held to what the site requires."""
    to = place.first.place
    referral = drawn_referral(place.draw, network=custodian(place.server), performer=to, consenting_to=(to,))
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": referral.entries()}
    _refused(place.ehr.post("", bundle), "profile-required", "groupIdentifier")


def _runs_to_its_end(place: Town, sent: Sent, task: Tree) -> None:
    task = answer(place.first_system, task, "in-progress")
    complete(place.first_system, place.draw, task)
    source = eventually(
        lambda: next((tree for tree in [place.ehr.read(sent.task)] if tree["status"] == "completed"), None),
        "the source's Task is completed",
    )
    assert len(source["output"]) == 1
    assert "groupIdentifier" not in source


def _refused(answered: httpx.Response, rule: str, at: str) -> None:
    assert answered.status_code == 422, answered.text
    issues = answered.json()["issue"]
    assert any(
        issue["details"]["text"] == rule and any(place.endswith(at) for place in issue["expression"])
        for issue in issues
    ), issues
