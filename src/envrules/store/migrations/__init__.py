"""The schema's history, run by Alembic from inside the package; no ini file is needed.

`tables.py` states what the newest revision gives. A new revision is a new file in `versions/`.
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from envrules.store.database import Database
from envrules.store.rows import StoreError


def bring_up_to_date(database: Database, *, migrate: bool) -> None:
    """Bring the database to the newest schema; do nothing if it is there already.

    Raises:
        StoreError: the schema is newer than this code, or older and `migrate` is false.
    """
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    script = ScriptDirectory.from_config(config)
    newest = script.get_current_head()
    with database.reading() as connection:
        if MigrationContext.configure(connection).get_current_heads() == (newest,):
            return
    with database.writing() as connection:
        database.lock_schema(connection)
        # Another process may have migrated meanwhile.
        found = MigrationContext.configure(connection).get_current_heads()
        if found == (newest,):
            return
        known = {revision.revision for revision in script.walk_revisions()}
        if not known.issuperset(found):
            raise StoreError(
                f"{database} has the schema {', '.join(found)}, which this envrules does not know "
                f"(it knows up to {newest}): a newer envrules wrote it, use that one"
            )
        if not migrate:
            raise StoreError(
                f"{database} has {f'the schema {found[0]}' if found else 'no schema'}, "
                f"this envrules needs {newest}: it must be migrated first"
            )
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
