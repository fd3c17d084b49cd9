"""YAML as plain data: exact scalars, true positions, and what is refused."""

from __future__ import annotations

from decimal import Decimal

import pytest

from envrules.errors import Problem, RulesetError
from envrules.ruleset.characters import decode
from envrules.ruleset.source import Data, Position, parse


def data(text: str) -> Data:
    """Return the data of a YAML text."""
    return parse(text, "t.yaml").data


def problems(text: str, **limits: int) -> tuple[Problem, ...]:
    """Return the problems that refuse a YAML text."""
    with pytest.raises(RulesetError) as caught:
        parse(text, "t.yaml", **limits)
    return caught.value.problems


def codes(text: str, **limits: int) -> list[str]:
    """Return the codes of the problems that refuse a YAML text."""
    return [problem.code for problem in problems(text, **limits)]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("70", Decimal(70)),
        ("-3", Decimal(-3)),
        ("0", Decimal(0)),
        ("0.1", Decimal("0.1")),
        ("12.50", Decimal("12.50")),
        ("123456789012345.678", Decimal("123456789012345.678")),
        ("true", True),
        ("False", False),
        ("yes", "yes"),
        ("off", "off"),
        ("No", "No"),
        ("2026-01-01", "2026-01-01"),
        ("12:30", "12:30"),
        ("1.2.3", "1.2.3"),
        ('"70"', "70"),
        ("'true'", "true"),
        ("~", None),
        ("", None),
        ("[a, [1]]", ("a", (Decimal(1),))),
        ("{k: v}", {"k": "v"}),
        ("|\n  two\n  lines", "two\nlines\n"),
    ],
)
def test_scalars_mean_what_yaml_1_2_says(written: str, meant: Data) -> None:
    """Numbers are exact, dates and yes/no are text, quotes make text."""
    found = data(f"key: {written}\n")
    assert isinstance(found, dict)
    assert found["key"] == meant
    assert type(found["key"]) is type(meant)


def test_keys_that_look_like_dates_are_text() -> None:
    """A date as key needs no quotes."""
    assert data("{2026-01-01: 1, always: 2}") == {"2026-01-01": Decimal(1), "always": Decimal(2)}


@pytest.mark.parametrize(
    "number",
    ["007", "+7", "1e3", "1_000", "0x1F", "0o17", ".5", "5.", ".inf", "-.inf", ".nan", "1" * 19],
)
def test_ambiguous_numbers_are_refused(number: str) -> None:
    """What one reader takes for a number and another for text must be written plainly."""
    assert codes(f"key: {number}\n") == ["ER110"]
    assert data(f'key: "{number}"\n') == {"key": number}


def test_positions_of_keys_values_and_items() -> None:
    """Every key and value knows its line and column, counted from 1 in characters."""
    document = parse("# 注释\n数: {甲: 一,\n  乙: [二, {三: 四}]}\n", "t.yaml")
    assert document.keys["数",] == Position(2, 1)
    assert document.values["数",] == Position(2, 4)
    assert document.keys["数", "甲"] == Position(2, 5)
    assert document.values["数", "甲"] == Position(2, 8)
    assert document.values["数", "乙", 0] == Position(3, 7)
    assert document.keys["数", "乙", 1, "三"] == Position(3, 11)
    assert document.definition(("数", "乙", 1)) == Position(3, 10)


def test_position_of_a_default_is_that_of_its_nearest_ancestor() -> None:
    """What the file does not contain is located where it would be."""
    document = parse("a:\n  b: 1\n", "t.yaml")
    assert document.definition(("a", "c", "d")) == Position(1, 1)
    assert document.value(("a", "c")) == Position(2, 3)
    assert document.definition(("x",)) == Position(1, 1)


def test_line_ends_and_byte_order_mark_of_windows_change_nothing() -> None:
    """A file saved by a Windows editor reads as any other."""
    document = parse("\ufeffa: 1\r\nb:\r\n  c: 2\r\n", "t.yaml")
    assert document.data == {"a": Decimal(1), "b": {"c": Decimal(2)}}
    assert document.keys["b", "c"] == Position(3, 3)
    assert document.keys["a",] == Position(1, 1)


def test_name_of_a_path_uses_ids() -> None:
    """List items are called by their id, or by their number from 1."""
    document = parse('rows: [{id: road}, {id: "two\\nlines"}, x]', "t.yaml")
    assert document.name(("rows", 0, "full")) == "rows.road.full"
    assert document.name(("rows", 1)) == "rows.'two\\nlines'"
    assert document.name(("rows", 2)) == "rows.#3"
    assert document.name(()) == "the ruleset"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a: &x 1\n", "ER105"),
        ("a: *x\n", "ER105"),
        ("a: !!python/object:os.system x\n", "ER106"),
        ("a: ! x\n", "ER106"),
        ("a: !x {b: c}\n", "ER106"),
        ("a: 1\na: 2\n", "ER107"),
        ('"": 1\n"": 2\n', "ER107"),
        ('a: {"": 1, "": 2}\n', "ER107"),
        ("a: 1\n---\nb: 2\n", "ER108"),
        ("%TAG ! !x\n---\na: 1\n", "ER108"),
        ("1: a\n", "ER111"),
        ("true: a\n", "ER111"),
        ("~: a\n", "ER111"),
        ("[a]: b\n", "ER111"),
        ("? {a: b}\n: c\n", "ER111"),
        ("a: b\u2028c\n", "ER103"),
        ("a: b\x00c\n", "ER103"),
        ("a: \u202eb\n", "ER103"),
        ('a: "\\ud800"\n', "ER103"),
        ('a: "\\0"\n', "ER103"),
        ("a: 1\rb: 2\n", "ER103"),
        ("a:\tb\n", "ER104"),
        ("# a comment\twith a tab\n", "ER104"),
    ],
)
def test_what_is_no_plain_yaml_is_refused(text: str, code: str) -> None:
    """Anchors, tags, directives, duplicate and odd keys, and hidden characters are refused."""
    assert codes(text) == [code]


def test_alias_bomb_is_refused_without_being_built() -> None:
    """References that would multiply are refused where they stand, one by one."""
    bomb = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"
    assert codes(bomb) == ["ER105"] * 6


def test_limits_are_parameters() -> None:
    """Bytes, depth and number of nodes are bounded, and the bounds can be set."""
    text = "a: [1, [2, [3]]]\n"
    assert codes(text, max_bytes=10) == ["ER109"]
    assert codes(text, max_depth=3) == ["ER109"]
    assert codes(text, max_nodes=4) == ["ER109"]
    assert parse(text, "t.yaml", max_bytes=20, max_depth=5, max_nodes=8).data is not None


def test_depth_is_refused_before_the_rest_is_read() -> None:
    """A hostile depth is noticed at the limit, not at the end."""
    (problem,) = problems("a: " + "[" * 100_000)
    assert (problem.code, problem.col) == ("ER109", 23)


def test_every_problem_of_the_text_is_reported() -> None:
    """One look finds all duplicate keys, odd numbers and anchors."""
    assert codes("a: 007\nb: &x 1\na: 2\n") == ["ER110", "ER105", "ER107"]


def test_first_of_two_equal_keys_keeps_its_place() -> None:
    """The message on a duplicate key names the line of the first."""
    (problem,) = problems("k: 1\nl: 2\nk: {m: 3}\n")
    assert (problem.line, problem.col) == (3, 1)
    assert problem.message == "'k' is given again; it is already on line 1"


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("a: {b: c\nd: e\n", (1, 4), "a comma or the closing } is missing"),
        ("a: [b, c\nd: e\n", (1, 4), "a comma or the closing ] is missing"),
        ("a: b: c\n", (1, 5), "a colon makes a key here"),
        ("a: 1\nb\nc: 2\n", (2, 1), "a key has no ': ' after it"),
        ("a: 'b\nc: d\n", (1, 4), "a quote is opened and never closed"),
        ("a: 1\n- b\n", (2, 1), "this does not fit under what begins on line 1"),
        ("a: @b\n", (1, 4), "text cannot begin with this character"),
        ('a: "\\q"\n', (1, 6), "there is no such escape"),
        ("a: - b\n", (1, 4), "a list cannot begin on the line of its key"),
        ("a: [,]\n", (1, 5), "a value is missing here"),
        ("a: !e!x b\n", (1, 4), "a tag stands here"),
        ("a: >9z\n  b\n", (1, 6), "YAML cannot be read here"),
    ],
)
def test_syntax_errors_are_explained(text: str, place: tuple[int, int], message: str) -> None:
    """What the parser stumbles over is said in plain words, where the writer has to look."""
    (problem,) = problems(text)
    assert problem.code == "ER102"
    assert (problem.line, problem.col) == place
    assert problem.message.startswith(message)


def test_full_width_signs_are_pointed_out() -> None:
    """A Chinese colon or comma where YAML needs its own is named in the fix."""
    (problem,) = problems("a: 1\n标题：村\nb: 2\n")
    assert "the full-width ： is not YAML's :" in problem.fix


def test_empty_text_is_nothing() -> None:
    """A file of comments has no data and still a place for the complaint."""
    document = parse("# nothing\n", "t.yaml")
    assert document.data is None
    assert document.definition(()) == Position(1, 1)


@pytest.mark.parametrize(
    ("raw", "place"),
    [("a: 1\n标题".encode("gbk"), (2, 1)), ("标题: x".encode("utf-16"), (1, 1))],
)
def test_other_encodings_are_refused_at_the_first_bad_byte(
    raw: bytes, place: tuple[int, int]
) -> None:
    """GBK and UTF-16 are not guessed at."""
    with pytest.raises(RulesetError) as caught:
        decode(raw, "t.yaml")
    (problem,) = caught.value.problems
    assert (problem.code, problem.line, problem.col) == ("ER101", *place)


def test_decode_refuses_what_is_too_large() -> None:
    """The size is looked at before anything else."""
    assert decode(b"abc", "t.yaml", max_bytes=3) == "abc"
    with pytest.raises(RulesetError, match="ER109"):
        decode(b"abcd", "t.yaml", max_bytes=3)
