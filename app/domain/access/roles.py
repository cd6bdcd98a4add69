"""The roles that a person may have at a member."""

from collections.abc import Collection

OPERATOR = "operator"
# Strongest first: who holds several at one member acts in the first.
ROLES = (OPERATOR, "admin", "privacy", "programme-manager", "intake")


def strongest(held: Collection[str]) -> str | None:
    """The role in which somebody with these acts; None when none of them is a role."""
    return next((role for role in ROLES if role in held), None)
