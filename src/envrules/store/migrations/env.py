"""Alembic's entry: runs the migrations in the transaction that the store has opened."""

from alembic import context

from envrules.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
)
with context.begin_transaction():
    context.run_migrations()
