"""Every page in its telling states: what a screen reader, a phone and an attacker find in its HTML."""

from collections import Counter
from html.parser import HTMLParser

import pytest

from app.web.pages.templates import TEMPLATES, load_pages
from tests.pages.clinician_samples import clinician_pages
from tests.pages.samples import CLOCK, EVIL, pages

ENVIRONMENT = load_pages().environment
PAGES = [*pages(), *clinician_pages()]
# what others extend, or take pieces from
NO_PAGES = {"base.html", "clinician/frame.html"}
HTML = {name: ENVIRONMENT.get_template(template).render(view | {"clock": CLOCK}) for name, template, view in PAGES}
CONTROLS = ("input", "select", "textarea")

pytestmark = pytest.mark.parametrize("name", HTML)


class Reader(HTMLParser):
    """The tags of a page with their attributes, and the text of its title and h1."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.texts: dict[str, str] = {"title": "", "h1": ""}
        self.inside: list[str] = []
        self.labelled_by_wrapping: list[dict[str, str]] = []
        self.form_of: list[tuple[dict[str, str], dict[str, str]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.tags.append((tag, found))
        if tag in CONTROLS and "label" in self.inside:
            self.labelled_by_wrapping.append(found)
        if tag == "input" and "form" in self.inside:
            form = next(each for name, each in reversed(self.tags) if name == "form")
            self.form_of.append((form, found))
        if tag not in ("input", "img", "meta", "link", "br"):
            self.inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self.inside and self.inside.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self.inside and self.inside[-1] in self.texts:
            self.texts[self.inside[-1]] += data


def test_the_title_begins_with_the_one_h1_and_names_no_person(name: str) -> None:
    page = Reader(HTML[name])
    assert [tag for tag, _ in page.tags].count("h1") == 1
    assert page.texts["h1"].strip()
    assert page.texts["title"].startswith(page.texts["h1"].strip())
    assert "onerror" not in page.texts["title"]


def test_the_page_has_its_landmarks_its_language_and_a_way_past_the_header(name: str) -> None:
    page = Reader(HTML[name])
    tags = Counter(tag for tag, _ in page.tags)
    assert (tags["main"], tags["header"], tags["footer"]) == (1, 1, 1)
    assert dict(page.tags)["html"]["lang"] == "en"
    assert ("a", {"class": "skip", "href": "#main"}) in page.tags


def test_every_control_has_a_label(name: str) -> None:
    page = Reader(HTML[name])
    labels = {found["for"] for tag, found in page.tags if tag == "label" and "for" in found}
    visible = [found for tag, found in page.tags if tag in CONTROLS and found.get("type") != "hidden"]
    assert [found for found in visible if found["id"] not in labels and found not in page.labelled_by_wrapping] == []


def test_ids_are_unique_and_every_inner_link_and_description_leads_somewhere(name: str) -> None:
    page = Reader(HTML[name])
    ids = [found["id"] for _, found in page.tags if "id" in found]
    wanted = [found["href"][1:] for tag, found in page.tags if tag == "a" and found["href"].startswith("#")]
    for attribute in ("aria-describedby", "aria-labelledby"):
        wanted += [one for _, found in page.tags for one in found.get(attribute, "").split()]
    assert [one for one, times in Counter(ids).items() if times > 1] == []
    assert [one for one in wanted if one not in ids] == []


def test_every_form_that_changes_something_carries_the_token(name: str) -> None:
    page = Reader(HTML[name])
    posting = [found for tag, found in page.tags if tag == "form" and found.get("method") == "post"]
    with_token = [form for form, found in page.form_of if found.get("name") == "csrf" and found["value"] == "token"]
    # the one form that goes to an EHR has nothing of ours to protect, and must not tell our token
    ours = [form for form in posting if not form.get("action", "").startswith("https://")]
    assert [form for form in ours if form not in with_token] == []
    assert [found for tag, found in page.tags if tag == "form" and found.get("method") not in ("post", "get")] == []


def test_what_people_wrote_stays_text(name: str) -> None:
    page = Reader(HTML[name])
    assert "<img src=x" not in HTML[name]
    assert "49" not in HTML[name].replace("/static", "").split("<main")[1]
    assert [found for _, found in page.tags if any(each.startswith("on") or each == "style" for each in found)] == []
    assert [found for tag, found in page.tags if tag == "script" and "src" not in found] == []
    links = [found["href"] for tag, found in page.tags if tag == "a"]
    assert [link for link in links if not link.startswith(("/", "#", "tel:", "sms:", "mailto:"))] == []


def test_there_is_a_page_for_every_template(name: str) -> None:
    shown = {template for _, template, _ in PAGES} | NO_PAGES
    files = {str(file.relative_to(TEMPLATES)) for file in TEMPLATES.rglob("*.html")}
    assert {file for file in files if not file.startswith("parts/") and not file.endswith("/parts.html")} == shown
    assert EVIL not in HTML[name]
