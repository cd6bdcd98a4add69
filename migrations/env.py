"""Alembic's entry: run by `app.store.migrate`, which hands over an open connection."""

from alembic import context

from app.store.tables import SQLModel

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=SQLModel.metadata, transaction_per_migration=True)
with context.begin_transaction():
    context.run_migrations()
