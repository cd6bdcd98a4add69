"""The social needs that the simulated EHR refers for, as coded facts.

*Source*: SDOH Clinical Care 3.0.0, categories and the value sets bound to them (SNOMED CT, US edition).
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Coded:
    code: str
    display: str


@dataclass(frozen=True, slots=True)
class Need:
    """`finding` becomes the Condition, `observed` the Observation, `service` what the ServiceRequest asks for."""

    category: Coded
    finding: Coded
    observed: Coded
    service: Coded
    note: str


NEEDS: tuple[Need, ...] = (
    Need(
        Coded("food-insecurity", "Food Insecurity"),
        Coded("733423003", "Food insecurity"),
        Coded("706875005", "Insufficient food supply"),
        Coded("467771000124109", "Assistance with application for food pantry program"),
        "The food at home does not last until the end of the month.",
    ),
    Need(
        Coded("homelessness", "Homelessness"),
        Coded("32911000", "Homeless"),
        Coded("611141000124105", "Unsheltered homelessness"),
        Coded("471091000124105", "Referral to Emergency Shelter Program"),
        "Has slept in the car since losing the room.",
    ),
    Need(
        Coded("transportation-insecurity", "Transportation Insecurity"),
        Coded("713458007", "Lack of access to transportation"),
        Coded("160695008", "Transport too expensive"),
        Coded("551371000124104", "Referral to non-emergency medical transportation program"),
        "Misses appointments because there is no ride.",
    ),
)


def need_of(category: str) -> Need | None:
    return next((need for need in NEEDS if need.category.code == category), None)
