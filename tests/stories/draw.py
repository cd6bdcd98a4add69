"""What could be anything in a story is drawn by chance, from a seed that is printed: STORY_SEED=... repeats it."""

import os
import random
import secrets
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from tests.stories import codes

GIVEN = ("Amaro", "Benta", "Corin", "Delphine", "Edda", "Faruk", "Gwenda", "Hiro", "Ilse", "Jorun", "Kalea", "Liron")
STARTS = ("Mar", "Tol", "Ber", "Hol", "Vel", "Quin", "San", "Dor", "Fen", "Lin")
MIDDLES = ("a", "o", "e", "i", "ando", "eli", "ora", "ubi")
ENDS = ("well", "mont", "rez", "ström", "nova", "ska", "field", "ley", "tani", "quist")
TOWNS = ("Alder", "Birch", "Cedar", "Dale", "Elm", "Fern", "Grove", "Hazel", "Ivy", "Juniper")
HELPERS = ("Larder", "Open Door", "Lift Club", "Neighbors", "Hands", "Table", "Harbor", "Works")
STREETS = ("Mill Lane", "Station Road", "Orchard Street", "Canal Walk")
TRIES = 100
BELOW_EPHEMERAL = (20_000, 32_000)


@dataclass(frozen=True, slots=True)
class Need:
    """What is asked for and why, in one category."""

    category: str
    request: codes.Code
    condition: codes.Code


class Draw:
    """`Draw.from_environment()`, or with the seed of a run that is to be repeated."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.chance = random.Random(seed)
        self._named: set[str] = set()

    @classmethod
    def from_environment(cls) -> "Draw":
        drawn = cls(int(os.environ.get("STORY_SEED") or secrets.randbelow(10**9)))
        print(f"STORY_SEED={drawn.seed}, codes from {codes.origin()}")
        return drawn

    def given(self) -> str:
        return self.chance.choice(GIVEN)

    def family(self) -> str:
        return self._new(lambda: "".join(self.chance.choice(parts) for parts in (STARTS, MIDDLES, ENDS)))

    def organization(self) -> str:
        return self._new(lambda: f"{self.chance.choice(TOWNS)}{self.chance.choice(ENDS)} {self.chance.choice(HELPERS)}")

    def clinic(self) -> str:
        return self._new(lambda: f"{self.chance.choice(TOWNS)}{self.chance.choice(ENDS)} Clinic")

    def _new(self, name: Callable[[], str]) -> str:
        """One that nobody has yet: several stories are told on one server, each about its own people."""
        for _ in range(TRIES):
            if (drawn := name()) not in self._named:
                break
        self._named.add(drawn)
        return drawn

    def domain(self) -> str:
        return f"{self.word()}.example"

    def word(self, letters: int = 8) -> str:
        return "".join(self.chance.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(letters))

    def phone(self) -> str:
        """One of those that are set aside for stories: 555-0100 to 555-0199 in any area."""
        return f"+1 {self.chance.randrange(201, 990)} 555 01{self.chance.randrange(100):02}"

    def address(self) -> dict[str, object]:
        line = f"{self.chance.randrange(1, 200)} {self.chance.choice(STREETS)}"
        return {"line": [line], "city": f"{self.chance.choice(TOWNS)}ton", "state": "IL", "postalCode": "62223"}

    def identifier(self) -> tuple[str, str]:
        return f"http://{self.domain()}/numbers", str(self.chance.randrange(10**6, 10**7))

    def password(self) -> str:
        return " ".join(self.word(5) for _ in range(4))

    def urn(self) -> str:
        return f"urn:uuid:{UUID(int=self.chance.getrandbits(128), version=4)}"

    def birth_date(self) -> str:
        return (date(1940, 1, 1) + timedelta(days=self.chance.randrange(60 * 365))).isoformat()

    def recent_day(self) -> date:
        """A day of the last month, before today everywhere on Earth."""
        return (datetime.now(UTC) - timedelta(days=self.chance.randrange(2, 30))).date()

    def need(self) -> Need:
        category = self.chance.choice(codes.categories())
        return Need(category.code, self.chance.choice(category.requests), self.chance.choice(category.conditions))

    def port(self) -> int:
        """A port of the loopback that is free now and that the system gives nobody by itself."""
        while True:
            port = self.chance.randrange(*BELOW_EPHEMERAL)
            with socket.socket() as trial:
                try:
                    trial.bind(("127.0.0.1", port))
                except OSError:
                    continue
            return port
