"""Why a launch does not open, or cannot go on; the pages' words stand under these rule words.

`templates/launch/refused.html` has one paragraph for each rule; a test compares.
"""

from typing import Final

from app.fhir.errors import Login
from app.gateways.ehr.smart import EhrTrouble
from app.store.connections import ConnectionRow

# rule word -> HTTP status of the page
RULES: Final = {
    "launch-parameters": 400,
    "launch-iss-unknown": 400,
    "launch-missing": 400,
    "launch-malformed": 400,
    "launch-throttled": 429,
    "launch-cookies": 400,
    "launch-state-missing": 400,
    "launch-state-unknown": 400,
    "launch-state-expired": 400,
    "launch-state-used": 400,
    "launch-other-browser": 400,
    "launch-other-ehr": 400,
    "launch-mixed-up": 400,
    "launch-cancelled": 403,
    "launch-refused-by-ehr": 403,
    "launch-code-missing": 400,
    "launch-patient-unreadable": 403,
    "launch-patient-gone": 404,
    "launch-ehr-away": 503,
    "launch-ehr-refused": 403,
    "launch-ehr-ended": 400,
    "launch-ehr-not-fhir": 502,
    "launch-ehr-too-large": 502,
    "launch-ehr-wrong-token": 400,
    "launch-ehr-not-offered": 502,
    "launch-ehr-address": 502,
}


class LaunchRefused(Exception):
    """A launch that does not open. `ehr` is the name that the operator gave it, empty when none is known.

    `detail` is a sentence of ours for the EHR's engineers, never anything that the EHR or the browser sent.
    """

    def __init__(self, rule: str, row: ConnectionRow | None = None, detail: str = "") -> None:
        super().__init__(rule)
        self.rule, self.connection, self.detail = rule, row, detail

    @property
    def ehr(self) -> str:
        return self.connection.name if self.connection else ""


def from_trouble(trouble: EhrTrouble, row: ConnectionRow) -> LaunchRefused:
    return LaunchRefused(f"launch-ehr-{trouble.kind}", row, trouble.words)


class LaunchOver(Login):
    """The EHR lets us in no more; only a new launch helps. What was sent before is kept."""

    def __init__(self) -> None:
        super().__init__("launch-over", "The EHR lets Baton in no more. Launch Baton again from the EHR.")
