"""A Consent that we write says exactly one thing: this recipient, from now, until then; and it can be read again."""

import base64
from datetime import UTC, date, datetime, timedelta
from typing import Literal, get_args

from hypothesis import given
from hypothesis import strategies as st

from app.domain.consent import consent as fhir_consent
from app.domain.consent.decide import Decision, Deny, Permit, Recipient, decide
from app.domain.consent.wording import Sharing, sentences
from app.fhir.json import JsonObject
from app.fhir.structure import check
from app.services.consents.author import Given, consent

How = Literal["signed", "spoken"]
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
names = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=30).filter(str.strip)
sharings = st.builds(
    Sharing,
    person=names,
    giver=names,
    receiver=names,
    network=names,
    shared=st.lists(names, min_size=1, max_size=4).map(tuple),
    until=st.dates(date(2026, 11, 23), date(2030, 1, 1)),
)
ways: st.SearchStrategy[How] = st.sampled_from(get_args(How))


def made(sharing: Sharing, how: How, who: str = "Rosa") -> JsonObject:
    given = Given(how, who, "Patient/1", "Organization/clinic", "Organization/pantry", sharing)
    return consent(given, NOW)


def weighed(tree: JsonObject, organization: str, at: datetime) -> Decision:
    return decide(
        fhir_consent.view(tree),
        discloser="Organization/network",
        recipient=Recipient(frozenset({organization}), frozenset()),
        purpose="TREAT",
        classes=("Task", "Patient"),
        direction="out",
        now=at,
    )


@given(sharings, ways, st.timedeltas(timedelta(0), timedelta(days=2000)))
def test_it_admits_the_one_it_names_from_now_to_its_end_and_nobody_else(
    sharing: Sharing, how: How, later: timedelta
) -> None:
    tree = made(sharing, how)
    permitted = weighed(tree, "Organization/pantry", NOW + later)
    assert isinstance(permitted, Permit) is ((NOW + later).date() <= sharing.until)
    assert isinstance(weighed(tree, "Organization/other", NOW + later), Deny)
    assert isinstance(weighed(tree, "Organization/pantry", NOW - timedelta(seconds=1)), Deny)


@given(sharings, ways, names)
def test_its_document_holds_every_sentence_and_who_signed_or_heard_it(sharing: Sharing, how: How, who: str) -> None:
    tree = made(sharing, how, who)
    assert check("Consent", tree) == []
    document = base64.b64decode(tree["sourceAttachment"]["data"]).decode()
    assert document.startswith("\n".join(sentences(sharing)))
    assert who in document
    assert ("verification" in tree) is (how == "spoken")


@given(sharings, ways)
def test_taken_back_it_admits_nobody(sharing: Sharing, how: How) -> None:
    assert weighed({**made(sharing, how), "status": "inactive"}, "Organization/pantry", NOW) == Deny(
        "consent-not-active"
    )
