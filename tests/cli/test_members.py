"""Admitting members."""

import json

import pytest

from tests.cli.operator import Terminal


def test_a_member_is_admitted_and_listed(terminal: Terminal) -> None:
    named = ("--identifier", "https://registry.example/n|77", "--email", "Info@pantry.example")
    place = terminal.done("organization", "add", "Corner Pantry", *named, "--time-zone", "America/Chicago")
    listed = json.loads(terminal.done("organization", "list", "--json"))
    assert listed == [
        {
            "organization": place,
            "kind": "target",
            "name": "Corner Pantry",
            "time_zone": "America/Chicago",
            "emails": ["info@pantry.example"],
        }
    ]
    assert place in terminal.done("organization", "list")


def test_an_identifier_belongs_to_one_member(terminal: Terminal) -> None:
    one = ("--identifier", "https://registry.example/n|1")
    terminal.done("organization", "add", "First", *one)
    assert "identifier" in terminal.baton("organization", "add", "Second", *one).refused(1)


def test_there_is_one_network(terminal: Terminal) -> None:
    terminal.done("organization", "add", "Platform", "--kind", "network")
    assert "only one" in terminal.baton("organization", "add", "Platform Two", "--kind", "network").refused(1)


@pytest.mark.parametrize(
    "wrong",
    [
        ("Name\nof two lines",),
        ("",),
        ("Name", "--time-zone", "Mars/Olympus"),
        ("Name", "--email", "not an address"),
        ("Name", "--identifier", "no-uri|1"),
    ],
    ids=lambda words: words[-1],
)
def test_what_is_no_name_zone_address_or_identifier_is_wrong_usage(terminal: Terminal, wrong: tuple[str, ...]) -> None:
    before = terminal.done("organization", "list", "--json")
    assert wrong[-1] not in terminal.baton("organization", "add", *wrong).refused(2).split() or not wrong[-1]
    assert terminal.done("organization", "list", "--json") == before
