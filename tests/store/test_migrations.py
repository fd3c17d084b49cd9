"""Every schema that there ever was leads to today's, with all that was stored in it.

A new revision in `versions/` is covered as soon as it is there: the databases that it is tested on
are made by the revisions before it, and filled by what those say of their tables.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    Integer,
    LargeBinary,
    MetaData,
    Row,
    SmallInteger,
    Table,
    Text,
    create_engine,
    select,
)
from tests.store.test_schema import schema

import envrules.store.migrations
from envrules.store import Store
from envrules.store.tables import metadata

SHIPPED = Path(envrules.store.migrations.__file__).parent
ROWS = 5

ANOTHER = """
from alembic import op
from sqlalchemy import Column, Text

revision, down_revision = "another", "{before}"
branch_labels = depends_on = None

def upgrade():
    {does}
"""
"""A revision that we never ship: by it we see that the tests of those we do can fail."""


def configured(scripts: Path) -> Config:
    """How Alembic finds the revisions in a folder."""
    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    return config


def revisions(scripts: Path = SHIPPED) -> list[str]:
    """Every revision, the first one first."""
    history = ScriptDirectory.from_config(configured(scripts)).walk_revisions()
    return [revision.revision for revision in history][::-1]


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    """A transaction beside the store."""
    engine: Engine = create_engine(url)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def upgrade(url: str, revision: str, scripts: Path = SHIPPED) -> None:
    """Bring a database to a revision, as those would that knew no later one."""
    config = configured(scripts)
    with connected(url) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def fill(url: str) -> None:
    """Put rows into every table, with a value of its own in every column."""
    with connected(url) as connection:
        for table in tables(connection):
            rows = [
                {column.name: value(column, number, place) for place, column in enumerate(table.c)}
                for number in range(1, ROWS + 1)
            ]
            connection.execute(table.insert(), rows)


def tables(connection: Connection) -> list[Table]:
    """The tables as the database describes them, Alembic's own left out."""
    found = MetaData()
    found.reflect(connection)
    return [table for table in found.sorted_tables if table.name != "alembic_version"]


def value(column: Column[Any], number: int, place: int) -> object:
    """A value for the `number`-th row; one row holds nothing where that is allowed."""
    if column.nullable and number == ROWS:
        return None
    match column.type:
        case SmallInteger() | Integer() if not isinstance(column.type, BigInteger):
            return number
        case Integer():
            return (number << 40) + place
        case LargeBinary() if str(column) == "decisions.payload":
            return f'{{"content":{{"issues":["GD-{number}","GD-0"]}}}}'.encode()
        case LargeBinary():
            return bytes([0, 255, number, place])
        case Text():
            return f"{column.name} 第{number}行"
        case other:
            raise AssertionError(f"{column}: say what a row of {other!r} may hold")


def stored(url: str) -> dict[str, list[dict[str, Any]]]:
    """Everything in a database, table by table."""
    with connected(url) as connection:
        return {
            table.name: [row._asdict() for row in ordered(connection, table)]
            for table in tables(connection)
        }


def ordered(connection: Connection, table: Table) -> list[Row[Any]]:
    """The rows of a table, in the order of its key."""
    return list(connection.execute(select(table).order_by(*table.primary_key.columns)))


def kept(before: dict[str, list[dict[str, Any]]], after: dict[str, list[dict[str, Any]]]) -> bool:
    """Tell whether what was stored before is stored still; there may be more columns and tables.

    A revision that means to change what is stored needs a test of its own, and a word here.
    """
    return all(
        [{name: row.get(name) for name in old} for old, row in zip(rows, after[name], strict=True)]
        == rows
        for name, rows in before.items()
    )


@pytest.mark.parametrize("revision", revisions())
def test_every_revision_leads_to_today(new_url: Callable[[], str], revision: str) -> None:
    """A database of any earlier revision, with rows in it, opens with all of them in its tables."""
    old, created = new_url(), new_url()
    upgrade(old, revision)
    fill(old)
    before = stored(old)
    assert all(len(rows) == ROWS for rows in before.values())
    Store.open(old).close()
    assert kept(before, stored(old))
    with connected(created) as connection:
        metadata.create_all(connection)
    assert schema(old) == schema(created)


def test_old_decisions_are_found_by_their_issues(new_url: Callable[[], str]) -> None:
    """What decisions say of their issues is read from those that were there before."""
    url = new_url()
    upgrade(url, "0002")
    fill(url)
    Store.open(url).close()
    found = {tuple(row.values()) for row in stored(url)["decision_issues"]}
    numbers = {row["locality_no"]: row["decision_seq"] for row in stored(url)["decisions"]}
    assert len(numbers) == ROWS
    assert found == {
        (number, issue, seq) for number, seq in numbers.items()
        for issue in (f"GD-{number}", "GD-0")
    }  # fmt: skip


@pytest.mark.parametrize(
    ("does", "good"),
    [
        ('op.add_column("log", Column("note", Text, nullable=False, server_default=""))', True),
        ('op.create_table("notes", Column("note", Text, primary_key=True))', True),
        ('op.execute("UPDATE decisions SET version = version + 1")', False),
        ('op.drop_column("log", "payload")', False),
    ],
    ids=["adds a column", "adds a table", "changes a value", "drops a column"],
)
def test_a_revision_that_loses_something_is_found_out(
    new_url: Callable[[], str], tmp_path: Path, does: str, good: bool
) -> None:
    """What is asked of every shipped revision is not met by one that changes or drops a value."""
    newest, url, scripts = revisions()[-1], new_url(), tmp_path / "migrations"
    (scripts / "versions").mkdir(parents=True)
    for file in ("env.py", *(f"versions/{path.name}" for path in SHIPPED.glob("versions/v*.py"))):
        (scripts / file).write_bytes((SHIPPED / file).read_bytes())
    (scripts / "versions" / "another.py").write_text(ANOTHER.format(before=newest, does=does))
    assert revisions(scripts)[-1] == "another"
    upgrade(url, newest)
    fill(url)
    before = stored(url)
    upgrade(url, "another", scripts)
    assert kept(before, stored(url)) is good
