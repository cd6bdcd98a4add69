"""Histories of whole types, and requests that are to have their effect once (Idempotency-Key)."""

from alembic import op

from app.store.migrate import statements

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    for statement in statements("0004_the_interactions"):
        op.execute(statement)
