"""What an entry of a transaction calls another becomes the id that this one gets, wherever R4 has a link."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from app.fhir.links import NEW_VERSION, rewrite
from tests.fhir.test_references import TASK, UUID

TURNED = {UUID: "ServiceRequest/7"}


def test_links_are_turned_and_nothing_else_moves() -> None:
    tree = rewrite(copy.deepcopy(TASK), TURNED)
    assert tree["focus"] == {"reference": "ServiceRequest/7"}
    assert tree["extension"][0]["valueReference"] == {"reference": "ServiceRequest/7"}
    assert tree["input"][0]["valueAttachment"] == {"url": "ServiceRequest/7"}
    assert tree["note"] == TASK["note"]
    assert tree["requester"] == TASK["requester"]
    assert list(tree) == list(TASK)


def test_without_a_match_a_tree_stays_as_it_is() -> None:
    assert rewrite(copy.deepcopy(TASK), {"urn:uuid:other": "X/1"}) == TASK


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"valueUri": UUID}, {"valueUri": "ServiceRequest/7"}),
        ({"valueUrl": UUID, "valueUuid": UUID, "valueOid": UUID},
         dict.fromkeys(("valueUrl", "valueUuid", "valueOid"), "ServiceRequest/7")),
        ({"policy": ["https://x.example", UUID]}, {"policy": ["https://x.example", "ServiceRequest/7"]}),
        ({"instantiatesCanonical": [UUID], "valueCanonical": UUID}, None),
        ({"valueString": UUID, "identifier": {"value": UUID}, "description": UUID}, None),
        ({"reference": f"{UUID}/_history/4"}, {"reference": f"ServiceRequest/7/_history/{NEW_VERSION}"}),
        ({"valueUri": f"{UUID}/_history/4"}, None),
        ({"reference": f"{UUID}/4"}, None),
        ({"div": f'<div><a href="{UUID}">a</a> {UUID} <img src = \'{UUID}\'/><a href="{UUID}x">b</a></div>'},
         {"div": f'<div><a href="ServiceRequest/7">a</a> {UUID} <img src = \'ServiceRequest/7\'/><a href="{UUID}x">b</a></div>'}),
    ],
)  # fmt: skip
def test_a_link_is_known_by_the_type_of_its_element(before: dict[str, Any], after: dict[str, Any] | None) -> None:
    """http.html#trules."""
    expected = before if after is None else after
    assert rewrite({"part": [copy.deepcopy(before)]}, TURNED) == {"part": [expected]}
