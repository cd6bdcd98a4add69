"""What an EHR is asked for, so that what was written can be looked for, read and changed later."""

from collections.abc import Sequence

import pytest

from app.gateways.ehr.smart import Discovery
from app.services.launch.scopes import asked

V2 = ["permission-v2"]


def of_tasks(capabilities: Sequence[str], listed: Sequence[str]) -> list[str]:
    there = "https://ehr.example"
    said = Discovery(
        issuer=there,
        authorization_endpoint=f"{there}/authorize",
        token_endpoint=f"{there}/token",
        jwks_uri=f"{there}/jwks",
        capabilities=frozenset(capabilities),
        auth_methods=frozenset(),
        s256=True,
        iss_in_callback=False,
        scopes_supported=frozenset(listed),
    )
    return [scope for scope in asked(said) if "/Task." in scope]


@pytest.mark.parametrize(
    ("capabilities", "listed", "expected"),
    [
        (V2, [], ["patient/Task.crus"]),
        ([], [], ["patient/Task.read", "patient/Task.write"]),
        (V2, ["patient/Task.cruds"], ["patient/Task.crus"]),
        (V2, ["patient/Task.cu"], ["patient/Task.cu"]),
        (V2, ["patient/Task.cu", "patient/Task.rs", "patient/Task.r"], ["patient/Task.cu", "patient/Task.rs"]),
        (V2, ["patient/Task.rs"], []),
        ([], ["patient/Task.write"], ["patient/Task.write"]),
        ([], ["patient/Task.*"], ["patient/Task.read", "patient/Task.write"]),
        ([], ["patient/Task.read"], []),
    ],
)
def test_what_is_written_is_asked_for_with_reading_and_searching_where_they_are_listed(
    capabilities: Sequence[str], listed: Sequence[str], expected: Sequence[str]
) -> None:
    assert of_tasks(capabilities, listed) == expected
