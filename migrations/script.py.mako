"""${message}"""

from alembic import op

from app.store.migrate import statements

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    for statement in statements("${up_revision}_${message.lower().replace(' ', '_')}"):
        op.execute(statement)
