"""Inviting people."""

import pytest

from tests.cli.operator import Terminal

PASSWORD = "four random words, typed once"


@pytest.fixture(scope="module")
def network(terminal: Terminal) -> str:
    return terminal.done("organization", "add", "Platform", "--kind", "network")


@pytest.fixture(scope="module")
def pantry(terminal: Terminal) -> str:
    return terminal.done("organization", "add", "Pantry")


def test_an_invitation_is_printed_and_sent(terminal: Terminal, pantry: str) -> None:
    link = terminal.done("staff", "add", "ana@pantry.example", "--organization", pantry, "--role", "intake")
    assert link.startswith("http://127.0.0.1:8000/invitation/")
    (letter,) = (terminal.data_dir / "mail").glob("*.eml")
    assert link in letter.read_text().replace("=\n", "")
    assert "To: ana@pantry.example" in letter.read_text()


def test_a_password_from_standard_input_needs_no_invitation(terminal: Terminal, pantry: str, network: str) -> None:
    asked = ("staff", "add", "ben@shelter.example", "--role", "intake", "--password-stdin", "--organization", pantry)
    assert terminal.done(*asked, typed=f"{PASSWORD}\n") == "added"
    more = ("staff", "add", "ben@shelter.example", "--role", "operator", "--organization", network)
    assert terminal.done(*more) == "added"


def test_no_password_and_a_poor_one_are_wrong_usage(terminal: Terminal, pantry: str) -> None:
    asked = ("staff", "add", "ana2@pantry.example", "--role", "intake", "--password-stdin", "--organization", pantry)
    assert "standard input" in terminal.baton(*asked).refused(2)
    assert "short1" not in terminal.baton(*asked, typed="short1\n").refused(2)


def test_the_operator_acts_for_the_network_only(terminal: Terminal, pantry: str) -> None:
    asked = ("staff", "add", "olga@platform.example", "--role", "operator", "--organization", pantry)
    assert "network" in terminal.baton(*asked).refused(1)
