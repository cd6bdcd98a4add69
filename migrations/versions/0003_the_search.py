"""Searches by quantity, by two tokens together and by a token's words; parameters that are built under way."""

from alembic import op

from app.store.migrate import statements

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    for statement in statements("0003_the_search"):
        op.execute(statement)
