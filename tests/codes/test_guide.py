"""docs/codes.md shows a table that is good."""

from __future__ import annotations

import re
from pathlib import Path

from tests.codes.tables import loaded

from envrules.ruleset.check_codes import check_codes_text
from envrules.ruleset.codes import CodeTableText
from envrules.ruleset.codes_schema import CodeTableSpec, EntrySpec
from envrules.ruleset.schema_types import fields_of

GUIDE = (Path(__file__).parents[2] / "docs" / "codes.md").read_text(encoding="utf-8")


def test_the_sample_is_good() -> None:
    """The table of the guide fits the scheme that it names, and shows every field."""
    (sample,) = re.findall(r"^```yaml\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
    assert check_codes_text(CodeTableText("t.yaml", sample), loaded().spec) == []
    for field in (*fields_of(CodeTableSpec), *fields_of(EntrySpec)):
        assert f"{field}:" in sample


def test_every_field_says_what_it_is() -> None:
    """Who reads the schema of a code table finds a description of each field."""
    for model in (CodeTableSpec, EntrySpec):
        assert [name for name, field in model.model_fields.items() if not field.description] == []
