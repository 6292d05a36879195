"""Alembic's entry point: runs the migrations on the connection that Database.open hands over."""

from __future__ import annotations

from alembic import context

from breachwatch.records import cases

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=cases.incident.metadata,
    render_as_batch=True,
    user_module_prefix="",
)
with context.begin_transaction():
    context.run_migrations()
