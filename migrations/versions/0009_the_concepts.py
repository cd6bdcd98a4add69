"""The codes of a code system, package by package."""

from alembic import op

from app.store.migrate import statements

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    for statement in statements("0009_the_concepts"):
        op.execute(statement)
