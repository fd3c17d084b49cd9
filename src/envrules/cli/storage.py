"""Opening the database, for the commands that work on it themselves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from envrules.cli.shell import Failure
from envrules.store import Store, StoreError

DEFAULT_DATABASE = "sqlite:///envrules.db"

DatabaseUrl = Annotated[
    str, typer.Option("--db", envvar="ENVRULES_DB", help="Database URL.", show_default=True)
]


@contextmanager
def opened(url: str, *, create: bool = False) -> Iterator[Store]:
    """Open a store for a while; `create` allows one that is not there yet.

    Raises:
        Failure: it cannot be opened, or used.
    """
    try:
        if not create:
            _check_there(url)
        with Store.open(url) as store:
            yield store
    except StoreError as error:
        raise Failure(str(error)) from None
    except SQLAlchemyError as error:
        raise Failure(f"database: {str(error).splitlines()[0]}") from None


def _check_there(url: str) -> None:
    """Refuse a SQLite file that opening would create: the name is probably misspelt."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        return  # the store says what is wrong with it
    file = parsed.database
    if parsed.get_backend_name() == "sqlite" and file and not Path(file).exists():
        raise Failure(f"there is no database file {file}", "name it with --db sqlite:///FILE")
