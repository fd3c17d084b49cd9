"""A revision follows the content of a ruleset, not its writing."""

from __future__ import annotations

import pytest

from envrules.ruleset.load import load_ruleset
from envrules.ruleset.revision import revision_id


def revision(text: str) -> str:
    """Return the revision of a text by itself."""
    return revision_id(load_ruleset(text, "broken.yaml"))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("\nparameters:", "\n\n# 经办人可调\nparameters:"),
        ("{always: 70}", "{always: 70.0}"),
        ("title: 示例镇考核", 'title: "示例镇考核"'),
        ("{title: 警告线, unit: points,", "{unit: points, title: 警告线,"),
        ("unit_types: {village: {title: 村, ref: m 一}}",
         "unit_types:\n  village:\n    title: 村\n    ref: m 一"),
    ],
)  # fmt: skip
def test_writing_does_not_matter(good: str, old: str, new: str) -> None:
    """Comments, blank lines, quotes, layout, order of keys and 70.0 for 70 change nothing."""
    assert old in good
    assert revision(good.replace(old, new)) == revision(good)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("{always: 70}", "{always: 71}"),
        ("{always: 70}", "{2026-01-01: 70}"),
        ("{always: false}", "{always: true}"),
        ("title: 警告线", "title: 警示线"),
        ("ref: m 九", "ref: m 十"),
        ("document: \"001\"", "document: \"002\""),
        ("{id: white,", "{id: pale,"),
        ("any: [{overdue: fix}, {late: 承诺}]", "any: [{late: 承诺}, {overdue: fix}]"),
    ],
)  # fmt: skip
def test_content_matters(good: str, old: str, new: str) -> None:
    """Any value, date, title, clause, id or order of a list changes the revision."""
    assert old in good
    assert revision(good.replace(old, new, 1)) != revision(good)


def test_a_number_is_not_the_text_of_its_digits(good: str) -> None:
    """A parameter of unit text with the value "3" is not one with the number 3."""
    text = good.replace("ref: m 四, values: {always: 3}", 'ref: m 四, values: {always: "3"}')
    assert revision(text) != revision(good)


def test_file_name_does_not_matter(good: str) -> None:
    """The same text published from elsewhere is the same revision."""
    assert revision_id(load_ruleset(good, "elsewhere")) == revision(good)


def test_everything_else_that_judges_is_part_of_it(good: str) -> None:
    """Overrides, calendar data and versions of the code each change the revision."""
    loaded = load_ruleset(good, "broken.yaml")
    known = {
        revision_id(loaded),
        revision_id(loaded, overrides={"line": {"always": "65"}}),
        revision_id(loaded, overrides={"line": {"2027-01-01": "65"}}),
        revision_id(loaded, calendar="chinesecalendar 1.11"),
        revision_id(loaded, versions={"envrules": "0.1.0"}),
        revision_id(loaded, versions={"envrules": "0.1.0", "plugin": "1"}),
    }
    assert len(known) == 6
    assert revision_id(loaded, overrides={"line": {}}) == revision_id(loaded)


def test_revision_is_stable(good: str) -> None:
    """The revision of a known content does not change from one release to the next."""
    revision = revision_id(
        load_ruleset(good, "broken.yaml"), overrides={"line": {"always": "65"}},
        calendar="chinesecalendar 1.11", versions={"envrules": "0.1.0"},
    )  # fmt: skip
    assert revision == "83d67c1434c5b3500943723c20fd9970"
