"""Writing the file, and what publishing it would change."""

from __future__ import annotations

import shutil
from decimal import Decimal

import pytest
from tests.workbench.town import SCHEME, TOWN

from envrules.errors import RulesetError
from envrules.resources import rulesets_dir
from envrules.workbench import revising
from envrules.workbench.desk import Desk


def test_first_save_makes_the_file(desk: Desk) -> None:
    """Where the folder has no file yet, the text in force is edited, and saved as a new file."""
    draft = revising.draft(desk, TOWN, SCHEME)
    assert not draft.in_file
    text = revising.with_values(draft.text, {"warning_line": ("2099-01-01", Decimal(60))})
    saved = revising.save(draft, text)
    assert desk.file(SCHEME).read_text(encoding="utf-8") == text
    assert [p.name for p in desk.rulesets.iterdir()] == [f"{SCHEME}.yaml"]
    assert revising.save(saved, text) == saved


def test_somebody_elses_edit_is_not_overwritten(desk: Desk) -> None:
    """A file that has changed since it was read stays as it is."""
    shutil.copy(rulesets_dir() / f"{SCHEME}.yaml", desk.rulesets)
    draft = revising.draft(desk, TOWN, SCHEME)
    other = draft.text + "# 别人加的\n"
    desk.file(SCHEME).write_text(other, encoding="utf-8")
    with pytest.raises(revising.Clash):
        revising.save(draft, draft.text)
    assert desk.file(SCHEME).read_text(encoding="utf-8") == other


def test_bad_text_is_not_written(desk: Desk) -> None:
    """A value that does not fit its unit never reaches the file."""
    draft = revising.draft(desk, TOWN, SCHEME)
    text = revising.with_values(draft.text, {"notice_within": ("always", Decimal(0))})
    with pytest.raises(RulesetError):
        revising.save(draft, text)
    assert not desk.file(SCHEME).exists()


def test_value_from_tomorrow_on_is_not_retroactive(desk: Desk) -> None:
    """What is dated from today on needs no reason; what is dated before does."""
    draft = revising.draft(desk, TOWN, SCHEME)

    def planned(since: str) -> revising.Plan:
        text = revising.with_values(draft.text, {"warning_line": (since, Decimal(60))})
        return revising.plan(desk, TOWN, SCHEME, revising.Draft(draft.path, text, False), {})

    assert [c.title for c in planned("2099-01-01").changes] == ["警告线（低于）"]
    assert not planned("2099-01-01").retroactive
    assert planned("always").retroactive
    with pytest.raises(ValueError, match="原因"):
        revising.publish(desk, TOWN, SCHEME, planned("always"), " ")


def test_own_value_is_published_without_the_file(desk: Desk) -> None:
    """A parameter that the locality sets itself keeps doing so: the new value is its own."""
    draft = revising.draft(desk, TOWN, SCHEME)
    own = {"warning_line": {"2099-01-01": "61"}}
    planned = revising.plan(desk, TOWN, SCHEME, draft, own)
    revision = revising.publish(desk, TOWN, SCHEME, planned, "")
    assert desk.runtime.locality(TOWN)[2].bindings[SCHEME].revision == revision
    assert desk.in_force(TOWN, SCHEME).overrides == own
