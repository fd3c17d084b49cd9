"""The JSON Schema for editors: up to date, pointed to, and right about what it can see."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import BaseModel
from tests.ruleset.reference import specs
from tests.ruleset.schema_validator import Validator

from envrules.cli.app import run
from envrules.kinds.bands import BandSpec
from envrules.kinds.deadlines import DeadlineSpec
from envrules.kinds.lists import ListSpec
from envrules.ruleset.json_schema import FILE_NAME, describe_field, ruleset_schema, said_of
from envrules.ruleset.schema_types import fields_of
from envrules.ruleset.source import Data, parse

CHECKOUT = Path(__file__).parents[2]
COMMITTED = CHECKOUT / "rulesets" / FILE_NAME
RULESETS = sorted(
    path
    for folder in ("rulesets/*.yaml", "contrib/*/src/*/*.yaml")
    for path in CHECKOUT.glob(folder)
)
GALLERY = CHECKOUT / "tests" / "gallery"
SHAPES = sorted(
    path.name
    for path in GALLERY.glob("er20*")
    # Of what goes together it sees that there is one of several; that there is a row it does not.
    if path.name in ("er208_two_facts", "er208_two_origins")
    or not path.name.startswith(("er208", "er209_no_rows"))
)
by_file = pytest.mark.parametrize("ruleset", RULESETS, ids=lambda path: path.stem)


def data_of(file: Path) -> Data:
    """What a YAML file says."""
    return parse(file.read_text(encoding="utf-8"), file.name).data


def faults(data: Data) -> list[str]:
    """What the schema has against it."""
    return list(Validator(ruleset_schema()).faults(data))


def test_the_committed_schema_is_what_the_command_prints(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """rulesets/ruleset.schema.json is up to date; `make schema` refreshes it."""
    assert run(["schema"]) == 0
    printed = capsys.readouterr().out
    assert COMMITTED.read_text(encoding="utf-8") == printed, "stale: run `make schema`"


@by_file
def test_every_ruleset_points_to_the_schema(ruleset: Path) -> None:
    """The first line of a ruleset leads an editor to the committed schema."""
    first = ruleset.read_text(encoding="utf-8").partition("\n")[0]
    pointer = re.fullmatch(r"# yaml-language-server: \$schema=(\S+)", first)
    assert pointer is not None, f"{ruleset.name} begins with {first!r}"
    assert (ruleset.parent / pointer[1]).resolve() == COMMITTED


@by_file
def test_every_ruleset_is_right_by_the_schema(ruleset: Path) -> None:
    """An editor finds no fault with a ruleset that `check` finds good."""
    assert faults(data_of(ruleset)) == []


def test_there_are_rulesets() -> None:
    """The tests above see built-in rulesets and those of third parties."""
    assert {path.parts[len(CHECKOUT.parts)] for path in RULESETS} == {"rulesets", "contrib"}


def test_a_good_ruleset_of_the_gallery_is_right() -> None:
    """What the broken ones are made from is right."""
    assert faults(data_of(GALLERY / "good" / "broken.yaml")) == []


@pytest.mark.parametrize("entry", SHAPES)
def test_a_wrong_shape_is_seen_in_the_editor(entry: str) -> None:
    """Unknown and missing fields, wrong types, words and forms are refused by the schema too."""
    assert faults(data_of(GALLERY / entry / "broken.yaml"))


@pytest.mark.parametrize("entry", ["er306_no_clause", "er402_yes_for_flag", "er402_zero_days"])
def test_clause_and_unit_are_seen_in_the_editor(entry: str) -> None:
    """So is a definition without clause or reason, and a value that no such unit has."""
    assert faults(data_of(GALLERY / entry / "broken.yaml"))


def test_shapes_are_of_every_kind() -> None:
    """The gallery breaks shapes in each way that the catalogue knows."""
    assert {name[:5] for name in SHAPES} == {"er201", "er202", "er203", "er204", "er205", "er206",
                                             "er207", "er208", "er209"}  # fmt: skip


def test_dated_values_are_offered() -> None:
    """Values are dated: `always` is offered, a date is a key of its own form, no other key is."""
    values = ruleset_schema()["definitions"]["ParameterSpec"]["properties"]["values"]
    assert set(values["properties"]) == {"always"}
    (date,) = values["patternProperties"]
    assert re.search(date, "2027-01-01")
    assert not re.search(date, "always")
    assert values["additionalProperties"] is False


@pytest.mark.parametrize("model", specs().values(), ids=specs())
def test_a_field_says_what_it_is_for(model: type[BaseModel]) -> None:
    """No field is bare: each has a line that says what it means, or its section has."""
    for name in fields_of(model):
        said = said_of(model, name)
        assert said, f"{model.__name__}.{name} needs Field(description=...)"
        assert "\n" not in said, f"{model.__name__}.{name} says more than one line"
        assert len(said) <= 180, f"{model.__name__}.{name} says too much for a line"


def test_a_field_says_what_it_may_name() -> None:
    """A field that takes a parameter says in which unit; one that takes a word, where it is declared."""
    assert describe_field(BandSpec, "at_least").endswith("unit: points")
    assert describe_field(ListSpec, "of").endswith("declared under `scores`")
    assert describe_field(DeadlineSpec, "where").startswith("Which issues")
