"""The decision about a disclosure. Vectors of the security sheet's consent chapter that a thin engine can meet: what it
cannot weigh, it denies."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.consent.consent import view
from app.domain.consent.decide import FOREVER, Attested, Deny, Permit, Recipient, decide

NOW = datetime(2026, 5, 20, 12, tzinfo=UTC)
PANTRY = Recipient(
    frozenset({"Organization/pantry", "https://baton.example/fhir/Organization/pantry"}), frozenset({("urn:npi", "1")})
)
SHELTER = Recipient(frozenset({"Organization/shelter"}), frozenset())


def named(reference: str = "Organization/pantry", **identifier: str) -> dict[str, Any]:
    target: dict[str, Any] = {"reference": reference} if reference else {}
    return {"reference": {**target, **({"identifier": identifier} if identifier else {})}}


def consent(inside: dict[str, Any] | None = None, /, **changes: Any) -> dict[str, Any]:
    """Active, about privacy, given in January, permitting the pantry."""
    tree = {
        "resourceType": "Consent",
        "status": "active",
        "scope": {"coding": [{"code": "patient-privacy"}]},
        "dateTime": "2026-01-05",
        "provision": {"type": "permit", "actor": [named()], **(inside or {})},
        **changes,
    }
    return {name: value for name, value in tree.items() if value is not None}


def decision(tree: dict[str, Any] | None, recipient: Recipient = PANTRY, now: datetime = NOW) -> Permit | Deny:
    basis = view(tree) if tree is not None else None
    return decide(basis, discloser="Organization/network", recipient=recipient, purpose="TREAT", classes=("Task", "Patient"),
                  direction="out", now=now)  # fmt: skip


@pytest.mark.parametrize(
    ("tree", "because"),
    [
        pytest.param(None, "no-basis", id="CV-01 nothing on file"),
        pytest.param(consent({"period": {"end": "2026-05-19"}}), "consent-not-valid-now", id="CV-03 ended yesterday"),
        pytest.param(consent({"period": {"start": "2026-05-21"}}), "consent-not-valid-now", id="CV-04 starts tomorrow"),
        *(
            pytest.param(consent(status=status), "consent-not-active", id=f"CV-05 {status}")
            for status in ("inactive", "draft", "proposed", "rejected", "entered-in-error")
        ),
        pytest.param(consent({"actor": [named("Organization/shelter")]}), "consent-names-another", id="CV-06 another"),
        pytest.param(consent({"purpose": [{"code": "HMARKT"}]}), "consent-for-another-purpose", id="CV-07 marketing"),
        pytest.param(consent({"provision": [{"type": "deny", "class": [{"code": "Condition"}]}]}), "consent-not-understood",
                     id="CV-08 an exception inside"),
        pytest.param(consent({"dataPeriod": {"start": "2022", "end": "2022"}}), "consent-not-understood", id="CV-11"),
        pytest.param(consent({"action": [{"coding": [{"code": "collect"}]}]}), "consent-for-another-action", id="CV-12"),
        pytest.param(consent({"data": [{"meaning": "instance"}]}), "consent-not-understood", id="CV-13"),
        pytest.param(consent({"actor": [named("https://gone.example/Organization/1")]}), "consent-names-another", id="CV-14 unresolvable"),
        pytest.param(consent({"securityLabel": [{"code": "N"}]}), "consent-not-understood", id="CV-16"),
        pytest.param(consent({"code": [{"text": "x"}]}), "consent-not-understood", id="codes"),
        pytest.param(consent({"class": [{"code": "Patient"}]}), "consent-not-understood", id="classes"),
        pytest.param(consent(provision=None), "consent-names-nobody", id="no provision"),
        pytest.param(consent({"type": "deny"}), "consent-does-not-permit", id="a denial"),
        pytest.param(consent({"actor": []}), "consent-names-nobody", id="nobody is named"),
        pytest.param(consent(modifierExtension=[{"url": "x"}]), "consent-not-understood", id="CV-25 at the root"),
        pytest.param(consent({"actor": [{**named(), "modifierExtension": [{"url": "x"}]}]}), "consent-not-understood", id="CV-25 inside"),
        pytest.param(consent({"extension": [{"url": "x"}]}), "consent-not-understood", id="an extension of the provision"),
        pytest.param(consent({"_type": {"extension": [{"url": "x"}]}}), "consent-not-understood", id="an extension of its type"),
        pytest.param(consent({"period": {"_end": {"extension": [{"url": "x"}]}}}), "consent-not-understood", id="an end that is not said"),
        pytest.param(consent(dateTime=None), "consent-not-given-yet", id="never given"),
        pytest.param(consent(dateTime="2026-06"), "consent-not-given-yet", id="given in the future"),
        pytest.param(consent(scope={"coding": [{"code": "research"}]}), "consent-not-about-privacy", id="research"),
        pytest.param(consent({"actor": [named("", value="1")]}), "consent-names-another", id="an identifier without system"),
        pytest.param(consent({"actor": [{"role": {"text": "x"}}]}), "consent-names-another", id="an actor that is nobody"),
    ],
)  # fmt: skip
def test_it_denies(tree: dict[str, Any] | None, because: str) -> None:
    assert decision(tree) == Deny(because)


@pytest.mark.parametrize(
    ("tree", "until"),
    [
        pytest.param(consent(), FOREVER, id="CV-02 permitted by name"),
        pytest.param(consent({"actor": [named("", system="urn:npi", value="1")]}), FOREVER, id="CV-15 by identifier only"),
        pytest.param(consent({"actor": [named("https://baton.example/fhir/Organization/pantry")]}), FOREVER, id="by our address"),
        pytest.param(consent({"actor": [named("Organization/shelter"), named()]}), FOREVER, id="among others"),
        pytest.param(consent({"purpose": [{"code": "TREAT"}]}), FOREVER, id="for treatment"),
        pytest.param(consent({"action": [{"coding": [{"code": "disclose"}]}]}), FOREVER, id="CV-12 disclose"),
        pytest.param(
            consent(provision={"actor": [named()]}, policyRule={"coding": [{"code": "OPTIN"}]}), FOREVER, id="CV-22 by its policy"
        ),
        pytest.param(
            consent({"period": {"start": "2026-05-20", "end": "2026-05-20"}}), datetime(2026, 5, 21, tzinfo=UTC), id="CV-26 today"
        ),
    ],
)  # fmt: skip
def test_it_permits(tree: dict[str, Any], until: datetime) -> None:
    assert decision(tree) == Permit(until)
    assert isinstance(decision(tree, SHELTER), Permit) == ("among others" in str(tree) or "shelter" in str(tree))


def test_a_policy_that_opts_out_denies() -> None:
    assert decision(consent(provision={"actor": [named()]}, policyRule={"coding": [{"code": "OPTOUT"}]})) == Deny(
        "consent-does-not-permit"
    )


WORDS = st.sampled_from(
    [
        "class",
        "code",
        "data",
        "dataPeriod",
        "securityLabel",
        "provision",
        "extension",
        "_type",
        "x",
        "modifierExtension",
    ]
)


@given(
    WORDS,
    st.recursive(
        st.text() | st.booleans(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=5
    ),
)
def test_whatever_it_does_not_weigh_denies(name: str, value: Any) -> None:
    assert isinstance(decision(consent({name: value})), Deny)


@given(st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)))
def test_a_permit_ends_when_it_says(now: datetime) -> None:
    found = decision(consent({"period": {"start": "2026-02-01", "end": "2027-02-01T10:00:00Z"}}), now=now)
    end = datetime(2027, 2, 1, 10, 0, 1, tzinfo=UTC)
    assert (found == Permit(end)) == (datetime(2026, 2, 1, tzinfo=UTC) <= now < end)


def attested(**changes: Any) -> Attested:
    values = {
        "kind": "paper",
        "recipient": "Organization/pantry",
        "valid_from": NOW,
        "valid_until": FOREVER,
        "withdrawn": False,
    }
    return Attested(**{**values, **changes})


@pytest.mark.parametrize(
    ("basis", "expected"),
    [
        (attested(), Permit(FOREVER)),
        (attested(withdrawn=True), Deny("basis-withdrawn")),
        (attested(recipient="Organization/shelter"), Deny("basis-names-another")),
        (attested(valid_from=NOW + timedelta(seconds=1)), Deny("basis-not-valid-now")),
        (attested(valid_until=NOW), Deny("basis-not-valid-now")),
    ],
)
def test_what_the_operator_attests_holds_for_whom_and_while_she_says(basis: Attested, expected: Permit | Deny) -> None:
    found = decide(
        basis, discloser="Organization/network", recipient=PANTRY, purpose="TREAT", classes=(), direction="out", now=NOW
    )
    assert found == expected
