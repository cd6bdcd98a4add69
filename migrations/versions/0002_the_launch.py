"""Clinicians launch Baton from their EHR: how we sign in there, launches, their sessions, and what is written back."""

from alembic import op

from app.store.migrate import statements

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    for statement in statements("0002_the_launch"):
        op.execute(statement)
