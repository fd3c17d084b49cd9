"""A code table is part of its locality's revision: hashed, stored, compiled again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.codes.tables import RULESET, SCHEME, TABLE

from envrules.errors import RulesetError
from envrules.plugin_manager import load_plugins
from envrules.ruleset.code_table import HostCode
from envrules.ruleset.codes import CodeTableText
from envrules.ruleset.compile import Scheme
from envrules.runtime.library import Library
from envrules.store import Store

FILE = f"rulesets/{SCHEME}.yaml"
LITTER = HostCode(small_class="0103", large_class="01")


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """An empty store."""
    with Store.open(database_url) as opened:
        yield opened


def add(library: Library, table: str = TABLE, file: str = "town.codes.yaml") -> Scheme:
    """Add the town's ruleset with a code table."""
    return library.add(RULESET, FILE, {}, 0, CodeTableText(file, table) if table else None)


def test_the_revision_follows_the_tables_content() -> None:
    """Any code or word changes it; comments, layout and the file's name do not."""
    library = Library(load_plugins())
    bare, known = add(library, "").revision, add(library).revision
    assert bare != known
    assert (
        add(library, TABLE.replace("entries:", "# 核对于十月\nentries:"), "b.yaml").revision
        == known
    )
    for old, new in (("0103", "0104"), ("三大堆", "白色垃圾"), ("急办", "缓办"), ("村里", "村内")):
        assert old in TABLE
        assert add(library, TABLE.replace(old, new)).revision != known
    assert library.add_builtin(SCHEME, {}, 0).revision == bare


def test_a_stored_revision_reads_as_it_did(store: Store) -> None:
    """Another process compiles the same table from the store."""
    written = add(Library(load_plugins(), store))
    found = Library(load_plugins(), store)(SCHEME, written.revision)
    assert written.codes is not None
    assert found.codes == written.codes
    assert found.codes.find(LITTER) is not None


def test_a_revision_is_kept_as_it_was_first_written(store: Store) -> None:
    """The same content with other comments, from elsewhere, cites the lines that are stored."""
    first = add(Library(load_plugins(), store))
    later = "# 一行\n# 又一行\n" + TABLE
    for library in (Library(load_plugins(), store), Library(load_plugins(), store)):
        again = add(library, later, "copy.yaml")
        assert again.revision == first.revision
        assert again.codes == first.codes
    commented = Library(load_plugins(), store).add(
        "# 注\n" + RULESET, f"elsewhere/{SCHEME}.yaml", {}, 0, CodeTableText("copy.yaml", later)
    )
    assert commented.codes == first.codes
    assert commented.taxonomy_citation == first.taxonomy_citation


@pytest.mark.parametrize("table", [
    TABLE.replace("三大堆", "三大推"), TABLE.replace(SCHEME, "liuhu"), "codes: [", "",
])  # fmt: skip
def test_a_bad_table_is_refused_and_nothing_kept(store: Store, table: str) -> None:
    """The problems are the table's own, by file and line."""
    library = Library(load_plugins(), store)
    with pytest.raises(RulesetError) as caught:
        library.add(RULESET, FILE, {}, 0, CodeTableText("town.codes.yaml", table))
    assert {problem.file for problem in caught.value.problems} == {"town.codes.yaml"}
    assert store.list_revisions() == []
