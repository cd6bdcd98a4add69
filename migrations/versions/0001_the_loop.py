"""The rows that one referral needs to close its loop."""

from alembic import op

from app.store.migrate import statements

revision = "0001"
down_revision = None


def upgrade() -> None:
    for statement in statements("0001_the_loop"):
        op.execute(statement)
