"""Which passwords are accepted, and how they are kept (PWD-01 to PWD-03, G29)."""

import pytest

from app.fhir.errors import Invalid
from app.services.identity.password import check_password
from app.services.passwords import Passwords

AROUND = ("ana@larder.example", "Larder and Pantry", "Valley Network")


def verdict(password: str) -> str:
    try:
        check_password(password, context=AROUND)
    except Invalid as refused:
        return refused.issues[0].rule
    return "good"


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery",
        "                x yz 12 34 ab",
        "😀" * 15 + "abcdefgh",
        "пароль для входа сюда",
        "a" * 15,
        "b1" * 64,
    ],
)
def test_length_is_all_that_is_asked_of_a_password_of_ones_own(password: str) -> None:
    assert verdict(password) == "good"


@pytest.mark.parametrize("password", ["", "fourteen chars", "a" * 129, "b" * 100_000, "ﷺ" * 10])
def test_too_short_and_too_long_after_normalization_are_refused(password: str) -> None:
    assert verdict(password) == "password-length"


@pytest.mark.parametrize(
    "password",
    [
        "LarderPantry2026",
        "ana@larder.example",
        "Valley-Network-1!",
        "baton password baton",
        "ＬＡＲＤＥＲ ＰＡＮＴＲＹ １",
    ],
)
def test_names_from_around_the_person_do_not_count(password: str) -> None:
    assert verdict(password) == "password-context"


@pytest.mark.anyio
async def test_a_password_matches_its_own_hash_however_its_accents_are_composed() -> None:
    passwords = Passwords()
    kept = await passwords.hash("Crème brûlée à volonté")
    assert await passwords.matches(kept, "Crème brûlée à volonté")
    assert not await passwords.matches(kept, "Creme brulee a volonte")
    assert not await passwords.matches(kept, "x" * 100_000)
    assert not await passwords.matches(None, "Crème brûlée à volonté")
    assert not await passwords.matches("not a hash", "Crème brûlée à volonté")


@pytest.mark.anyio
async def test_the_hash_is_argon2id_and_an_older_one_is_noticed() -> None:
    passwords = Passwords()
    kept = await passwords.hash("long enough to be one")
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert not passwords.is_outdated(kept)
    assert passwords.is_outdated(kept.replace("t=2", "t=1"))
