"""What a delete asks for, by an index; the members for whom an answer is kept."""

from alembic import op

from app.store.migrate import statements

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    for statement in statements("0006_the_write_side"):
        op.execute(statement)
