"""Tables that a command needs before it can begin."""

from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor


def require_tables() -> None:
    """Refuse a command where the database is not as this version needs it."""
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise CommandError("The database is not as this version needs it: run `manage.py migrate` first.")


def make_tables() -> None:
    """Make all tables in an empty database; refuse the command where they are those of another version."""
    if not connection.introspection.table_names():
        call_command("migrate", verbosity=0)
    require_tables()
