"""Run by Alembic, on the connection and inside the transaction that ``store.migrate`` has opened."""

from alembic import context

from store.tables import Table

context.configure(
    connection=context.config.attributes["connection"], target_metadata=Table.metadata, render_as_batch=True
)
context.run_migrations()
