"""Scopes: what is understood, what is granted, what is allowed (security sheet SCO-01, SCO-02, AS-08)."""

import pytest

from app.domain.access.scopes import MAX_SCOPES, Scopes, scopes_offered
from app.fhir.errors import Invalid, NotSupported, Refusal

TYPES = ("Task", "Patient", "Observation", "ServiceRequest")


def granted(registered: str, asked: str) -> str:
    return str(Scopes.parse(registered).granted(Scopes.understood(asked), TYPES))


@pytest.mark.parametrize(
    ("word", "letters"),
    [
        ("system/Task.cruds", "cruds"),
        ("system/Task.rs", "rs"),
        ("system/Task.read", "rs"),
        ("system/Task.write", "cud"),
        ("system/Task.*", "cruds"),
        ("system/*.read", "rs"),
    ],
)
def test_a_scope_allows_its_letters_and_no_others(word: str, letters: str) -> None:
    scopes = Scopes.parse(word)
    assert "".join(letter for letter in "cruds" if scopes.allows("system", "Task", letter)) == letters


def test_a_scope_reaches_neither_another_type_nor_another_context() -> None:
    scopes = Scopes.parse("system/Task.cruds patient/*.rs")
    assert not scopes.allows("system", "Patient", "r")
    assert not scopes.allows("user", "Task", "r")
    assert scopes.allows("patient", "Observation", "s")


def test_two_scopes_of_a_type_add_up() -> None:
    scopes = Scopes.parse("system/Task.r system/Task.s")
    assert scopes.allows("system", "Task", "r")
    assert scopes.allows("system", "Task", "s")
    assert not scopes.allows("system", "Task", "u")


NOT_SCOPES = """
    system/Task.dus system/Task.rr system/Task. system/Task system/task.rs admin/Task.rs openid launch/patient
    system/Tаsk.rs system/.rs system/Task.readwrite */*.* system/Task.rs, system/Task/rs SYSTEM/Task.rs
"""


@pytest.mark.parametrize("word", NOT_SCOPES.split())
def test_what_is_not_a_scope_is_refused_at_registration_and_left_out_of_a_request(word: str) -> None:
    with pytest.raises(Invalid):
        Scopes.parse(word)
    assert granted("system/*.cruds", word) == ""


def test_a_refused_scope_is_named_by_its_place_and_never_quoted() -> None:
    with pytest.raises(Refusal) as refused:
        Scopes.parse("system/Task.rs Mary-Smith")
    message = refused.value.issues[0].message
    assert "Scope 2" in message
    assert "Mary" not in message


def test_a_granular_scope_is_refused_at_registration_and_never_widened() -> None:
    with pytest.raises(NotSupported):
        Scopes.parse("system/Observation.rs?category=social-history")
    assert granted("system/Observation.rs", "system/Observation.rs?category=social-history") == ""


def test_no_scope_and_too_many_scopes_are_refused_at_registration() -> None:
    for text in ("", "   ", " ".join(f"system/T{'x' * n}.r" for n in range(1, MAX_SCOPES + 2))):
        with pytest.raises(Invalid):
            Scopes.parse(text)


@pytest.mark.parametrize(
    ("registered", "asked", "expected"),
    [
        ("system/Task.cruds", "system/Task.rs", "system/Task.rs"),
        ("system/Task.r", "system/Task.cruds", "system/Task.r"),
        ("system/Task.cruds", "system/Task.read", "system/Task.read"),
        ("system/Task.rs", "system/Task.*", "system/Task.read"),
        ("system/Task.r", "system/Task.read", "system/Task.r"),
        ("system/*.rs", "system/Task.cruds", "system/Task.rs"),
        ("system/*.cruds", "system/*.rs", "system/*.rs"),
        ("system/*.cruds", "system/*.read", "system/*.read"),
        ("system/Task.cruds system/Patient.r", "system/*.rs", "system/Task.rs system/Patient.r"),
        ("system/*.r system/Task.rs", "system/*.rs", "system/*.r system/Task.rs"),
        ("system/Task.rs", "system/Patient.rs", ""),
        ("system/Task.rs", "patient/Task.rs user/Task.rs launch openid", ""),
        ("system/*.cruds", "system/Device.rs", ""),
        ("system/Task.cruds", "system/Task.rs system/Task.rs", "system/Task.rs"),
        ("system/Task.cruds", "system/Task.rs system/Task.dus", "system/Task.rs"),
    ],
)
def test_granted_is_what_is_both_registered_and_asked_in_the_syntax_asked(
    registered: str, asked: str, expected: str
) -> None:
    assert granted(registered, asked) == expected


def test_nothing_granted_ever_exceeds_the_registration_or_the_request() -> None:
    letters = ["c", "r", "s", "rs", "cu", "cud", "cruds", "read", "write", "*"]
    for name in ("Task", "*"):
        for held in letters:
            for wanted in letters:
                registered, asked = Scopes.parse(f"system/Task.{held}"), Scopes.parse(f"system/{name}.{wanted}")
                given = registered.granted(asked, TYPES)
                for letter in "cruds":
                    both = registered.allows("system", "Task", letter) and asked.allows("system", "Task", letter)
                    assert given.allows("system", "Task", letter) == both
                    assert not given.allows("system", "Patient", letter)


def test_every_scope_offered_can_be_granted_to_a_client_registered_for_it() -> None:
    offered = scopes_offered({"Task": ("read", "vread", "update", "search-type", "create"), "Patient": ("read",)})
    assert offered == ("system/*.rs", "system/*.crus", "system/Patient.r", "system/Task.crus")
    for scope in offered:
        assert granted(scope, scope) == scope
