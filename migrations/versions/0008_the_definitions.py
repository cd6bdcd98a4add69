"""Profiles, value sets and code systems that a site has installed."""

from alembic import op

from app.store.migrate import statements

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    for statement in statements("0008_the_definitions"):
        op.execute(statement)
