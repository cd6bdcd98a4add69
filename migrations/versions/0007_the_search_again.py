"""Who saw a resource, by an index; a Binary's context; search rows as they are made now."""

from alembic import op

from app.store.migrate import statements

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    for statement in statements("0007_the_search_again"):
        op.execute(statement)
