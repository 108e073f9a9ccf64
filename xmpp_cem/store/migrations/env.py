"""Runs migrations on the connection that is given, inside its transaction."""

from alembic import context

from xmpp_cem.store.schema import TABLES

context.configure(connection=context.config.attributes["connection"], target_metadata=TABLES)
with context.begin_transaction():
    context.run_migrations()
