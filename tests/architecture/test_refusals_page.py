"""docs/refusals.md is written from the program."""

from tools.refusals import PAGE, page


def test_the_page_of_refusals_is_what_the_program_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run make golden"
