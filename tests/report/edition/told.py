"""Rulesets of these tests, and the edition of one that uses every field.

python -m tests.report.edition.told    writes the expected text anew; read what changed
"""

from __future__ import annotations

from pathlib import Path

from envrules.plugin_manager import load_plugins
from envrules.report.edition import Edition, as_text, edition_of
from envrules.ruleset.load import LoadedRuleset, load_ruleset

FOLDER = Path(__file__).parent
EVERY_FIELD = FOLDER / "every_field.yaml"
EXPECTED = FOLDER / "every_field.md"
REVISION = "0123456789abcdef0123456789abcdef"
RULESETS = {
    "every_field": EVERY_FIELD,
    **{slug: source.ruleset for slug, source in load_plugins().schemes.items()},
}
"""All installed schemes, and the ruleset that uses every field."""


def loaded(path: Path) -> LoadedRuleset:
    """Return a ruleset."""
    return load_ruleset(path.read_text(encoding="utf-8"), path.name)


def told(text: str) -> Edition:
    """Return the edition of a ruleset's text."""
    return edition_of(load_ruleset(text, "test.yaml"), REVISION)


def every_field() -> Edition:
    """Return the edition of the ruleset that uses every field."""
    return edition_of(loaded(EVERY_FIELD), REVISION)


if __name__ == "__main__":
    EXPECTED.write_text(as_text(every_field()), encoding="utf-8")
