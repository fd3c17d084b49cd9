"""From text to a located specification."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, get_origin

import pytest

from envrules.errors import RulesetError
from envrules.kinds.common import ParamRef, Then
from envrules.resources import rulesets_dir
from envrules.ruleset.load import load_ruleset
from envrules.ruleset.reference_fields import PARAMETER_UNITS, VOCABULARY
from envrules.ruleset.schema import RulesetSpec
from envrules.ruleset.schema_types import fields_of, is_model, options, step_into

SHIPPED = sorted(path.name for path in rulesets_dir().glob("*.yaml"))


def codes(text: str) -> list[str]:
    """Return the codes of the problems that refuse a text."""
    with pytest.raises(RulesetError) as caught:
        load_ruleset(text, "t.yaml")
    return [problem.code for problem in caught.value.problems]


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_rulesets_load(name: str) -> None:
    """Every ruleset that comes with the package has the right shape."""
    text = (rulesets_dir() / name).read_text(encoding="utf-8")
    assert f"{load_ruleset(text, name).spec.ruleset}.yaml" == name


def test_specification_holds_exact_values(good: str) -> None:
    """Numbers arrive as decimals, flags as booleans, and lists in their order."""
    spec = load_ruleset(good, "broken.yaml").spec
    assert type(spec.parameters["line"].values["always"]) is Decimal
    assert spec.parameters["wet"].values["always"] is False
    assert [row.id for row in spec.tables["rows"].values["always"]] == ["road", "river"]


def test_one_and_zero_are_numbers(good: str) -> None:
    """A limit of 1 day is not taken for true."""
    spec = load_ruleset(good.replace("values: {always: 3}", "values: {always: 1}"), "x").spec
    assert type(spec.parameters["limit"].values["always"]) is Decimal


def test_years_are_whole_numbers(good: str) -> None:
    """A field of whole numbers takes 2027, and refuses 2027.5."""
    text = good.replace("  ref: m 六", "  years: [2027]\n  ref: m 六")
    assert load_ruleset(text, "x").spec.calendar.years == (2027,)
    assert codes(text.replace("2027", "2027.5")) == ["ER204"]


def test_places_of_definitions(good: str) -> None:
    """A definition is where its key is; an item of a list is where it begins."""
    loaded = load_ruleset(good, "broken.yaml")
    lines = good.splitlines()
    assert loaded.location(("parameters", "line")) == "broken.yaml:9"
    line, col = loaded.position(("ladders", "slips", "rungs", 1))
    assert lines[line - 1][col - 1 :].startswith("{id: red")
    line, col = loaded.position(("parameters", "line", "values", "always"))
    assert lines[line - 1][col - 1 :].startswith("always: 70")


def test_place_of_a_default_is_that_of_what_leaves_it_out(good: str) -> None:
    """The default of a deadline's `starts` is cited at the deadline."""
    loaded = load_ruleset(good, "broken.yaml")
    fix = loaded.location(("deadlines", "fix"))
    assert loaded.location(("deadlines", "fix", "starts")) == fix


def test_all_problems_of_shape_are_reported_at_once(good: str) -> None:
    """One look finds unknown and missing fields, wrong types and words, in order of place."""
    text = (
        good.replace("timezone: Asia/Shanghai\n", "")
        .replace("unit: count, ref", "unit: counts, ref")
        .replace("full: 60", "full: lots")
        .replace("every: month", "evry: month")
    )
    assert codes(text) == ["ER203", "ER206", "ER204", "ER203", "ER202"]


@pytest.mark.parametrize(
    ("then", "expected"),
    [
        ("[5]", ["ER204"]),
        ("[[通报]]", ["ER204"]),
        ("[两个 词]", ["ER207"]),
        ("[{require: 承诺, by: 村书记}]", ["ER203"]),
        ("[{require: 承诺, by: 村书记, within: $limit, until: x}]", ["ER202"]),
        ("[{require: 1, by: 村书记, within: 3}]", ["ER204", "ER204"]),
        ("[]", ["ER209"]),
        ("[通报, ]", None),
    ],
)
def test_alternatives_give_one_problem_each(
    good: str, then: str, expected: list[str] | None
) -> None:
    """Where text or a mapping may stand, only what is wrong with what stands there is said."""
    text = good.replace(
        "when: {any: [{overdue: fix}, {late: 承诺}]}, then: [通报]",
        f"when: {{overdue: fix}}, then: {then}",
    )
    if expected is None:
        load_ruleset(text, "x")
    else:
        assert codes(text) == expected


@pytest.mark.parametrize("nothing", ["", "~", "null"])
def test_nothing_is_no_value(good: str, nothing: str) -> None:
    """A key without a value is a mistake, also where the field could be left out."""
    assert codes(good.replace("ref: m 六", f"ref: {nothing}")) == ["ER205"]


def test_values_are_not_coerced(good: str) -> None:
    """Neither quoted numbers nor words nor 1 pass for what they resemble."""
    assert codes(good.replace("full: 60", 'full: "60"')) == ["ER204"]
    assert codes(good.replace("then: [通报], ref: m 九", "approve: 1, ref: m 九")) == ["ER204"]
    assert codes(good.replace("full: 60", "full: true")) == ["ER204"]


def models() -> Iterator[Any]:
    """Yield every section that a ruleset may have."""
    seen = set()
    waiting: list[Any] = [RulesetSpec]
    while waiting:
        declared = waiting.pop()
        for option in options(declared):
            if is_model(option) and option not in seen:
                seen.add(option)
                yield option
                waiting += fields_of(option).values()
            elif get_origin(option) in (dict, tuple):
                waiting += option.__args__


def test_every_parameter_reference_has_its_units() -> None:
    """Each field that takes a $parameter is checked for its unit; none is forgotten."""
    taking = {
        (model, name)
        for model in models()
        for name, declared in fields_of(model).items()
        if ParamRef in (*options(declared), *options(step_into(declared, "any key")))
    }
    assert taking == set(PARAMETER_UNITS)


def test_every_vocabulary_field_exists() -> None:
    """The table of references names fields that the schema has."""
    known = set(models())
    for model, name in VOCABULARY:
        assert model in known
        assert name in fields_of(model)


def test_consequences_stand_only_under_then() -> None:
    """Every field that names consequences is called `then`, where the checks look for them."""
    fields = [(name, declared) for model in models() for name, declared in fields_of(model).items()]
    assert {name for name, declared in fields if declared == Then or Then in options(declared)} <= {
        "then"
    }
    assert any(name == "then" for name, _ in fields)
