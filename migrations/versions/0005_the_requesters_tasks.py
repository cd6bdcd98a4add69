"""A sender's Tasks of one status, by an index."""

from alembic import op

from app.store.migrate import statements

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    for statement in statements("0005_the_requesters_tasks"):
        op.execute(statement)
