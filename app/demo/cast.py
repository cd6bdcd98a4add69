"""Who plays in the demo world, as data. *Source*: the promise of names in README and docs."""

from dataclasses import dataclass

from app.simulate.needs import NEEDS, Need

PASSWORD = "riverbend-demo-2026"
NAMING = "https://riverbend-health.example"
FOOD, SHELTER, RIDE = NEEDS


@dataclass(frozen=True, slots=True)
class Organization:
    """A member to admit; `meets` is the need that it answers to, '' for none."""

    name: str
    kind: str
    email: str
    meets: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who signs in."""

    email: str
    organization: str
    role: str


@dataclass(frozen=True, slots=True)
class Step:
    """One button and the words that go with it."""

    button: str
    words: str = ""


@dataclass(frozen=True, slots=True)
class Referral:
    """One referral of the demo world and how far it has come. `named` false: its consent names nobody."""

    number: str
    need: Need
    steps: tuple[Step, ...] = ()
    named: bool = True
    urgent: bool = False
    overdue: bool = False


NETWORK = Organization("Riverbend Community Network", "network", "desk@network.example")
SOURCE = Organization("Riverbend Health", "source", "referrals@riverbend-health.example")
TARGETS = (
    Organization("Riverbend Food Bank", "target", "info@foodbank.example", FOOD.category.code),
    Organization("Shelter First", "target", "info@shelter.example", SHELTER.category.code),
    Organization("Wheels Together", "target", "info@wheels.example", RIDE.category.code),
)
PEOPLE = (
    Person("olga@network.example", NETWORK.name, "operator"),
    Person("ana@foodbank.example", TARGETS[0].name, "intake"),
    Person("ben@shelter.example", TARGETS[1].name, "intake"),
    Person("cleo@wheels.example", TARGETS[2].name, "intake"),
)
REFERRALS = (
    Referral("demo-1", FOOD, urgent=True),
    Referral("demo-2", FOOD, (Step("Accept"), Step("Start"))),
    Referral(
        "demo-3",
        FOOD,
        (Step("Accept"), Step("Start"), Step("Complete", "Filled in the application; first box picked up.")),
    ),
    Referral("demo-4", RIDE, overdue=True),
    Referral("demo-5", SHELTER, (Step("Decline", "All beds are taken until the end of the week."),)),
    Referral("demo-6", SHELTER, named=False),
)
