"""Sealed secrets open at their own place, under their own key, unchanged; else never."""

import pytest

from app.gateways.sealing import SealBroken, Sealer

SECRET = b"a secret key of the tests, long enough 0123456789"
PLACE = "launch_session|access_sealed|0198c0de-0000-7000-8000-000000000001"
TOKEN = b"token-of-the-tests"


@pytest.fixture
def sealer() -> Sealer:
    return Sealer(SECRET)


def test_what_was_sealed_opens_at_its_place_also_in_another_process(sealer: Sealer) -> None:
    assert Sealer(SECRET).open(sealer.seal(TOKEN, PLACE), PLACE) == TOKEN


def test_a_sealed_value_shows_nothing_and_is_never_twice_the_same(sealer: Sealer) -> None:
    first, second = sealer.seal(TOKEN, PLACE), sealer.seal(TOKEN, PLACE)
    assert first != second
    assert TOKEN not in first


@pytest.mark.parametrize("place", ["", PLACE[:-1], PLACE.replace("access", "refresh")])
def test_at_another_row_or_column_it_does_not_open(sealer: Sealer, place: str) -> None:
    with pytest.raises(SealBroken):
        sealer.open(sealer.seal(TOKEN, PLACE), place)


def test_under_another_secret_it_does_not_open(sealer: Sealer) -> None:
    with pytest.raises(SealBroken, match="another key"):
        Sealer(SECRET[::-1]).open(sealer.seal(TOKEN, PLACE), PLACE)


def test_every_changed_or_missing_byte_is_noticed(sealer: Sealer) -> None:
    sealed = sealer.seal(TOKEN, PLACE)
    for at in range(len(sealed)):
        changed = sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :]
        for broken in (changed, sealed[:at]):
            with pytest.raises(SealBroken):
                sealer.open(broken, PLACE)
