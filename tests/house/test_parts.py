"""A test that cannot run on a machine is named with the remedy; in CI there is no excuse for what can be installed."""

import pytest

from tests import parts

pytest_plugins = "pytester"


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A suite of two tests that need a browser and a telescope, neither of which is there."""
    monkeypatch.setitem(parts.PARTS, "browser", parts.Part(lambda: None, "apt-get install browser"))
    monkeypatch.setitem(parts.PARTS, "telescope", parts.Part(lambda: None, "build one", installable=False))
    monkeypatch.setattr(parts, "EXCUSED", ("needs telescope:",))
    monkeypatch.delenv("CI", raising=False)
    pytester.makeini("[pytest]\nmarkers = needs(*parts): what it cannot run without\n")
    pytester.makepyfile(
        test_two="""
        import pytest

        @pytest.mark.needs("browser")
        def test_page(): raise AssertionError

        @pytest.mark.needs("telescope")
        def test_star(): raise AssertionError
        """
    )
    return pytester


def test_what_is_missing_is_named_with_how_to_get_it(run: pytest.Pytester) -> None:
    result = run.runpytest_inprocess("-p", "no:cacheprovider", plugins=[parts])
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        ["1 test: needs browser: apt-get install browser", "1 test: needs telescope: build one"]
    )


@pytest.mark.parametrize(("test", "ends"), [("test_page", 1), ("test_star", 0)])
def test_in_ci_only_what_cannot_be_installed_is_excused(
    run: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, test: str, ends: int
) -> None:
    monkeypatch.setenv("CI", "true")
    assert run.runpytest_inprocess("-k", test, plugins=[parts]).ret == ends


def test_every_part_that_a_test_may_need_has_a_remedy() -> None:
    assert all(part.remedy for part in parts.PARTS.values())
