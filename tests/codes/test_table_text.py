"""A code table that is wrong is refused with the exact place, what is wrong, and a fix."""

from __future__ import annotations

import pytest
from tests.codes.tables import HEAD, TABLE, loaded

from envrules.ruleset.check_codes import check_codes_text
from envrules.ruleset.codes import CodeTableText, is_code_table
from envrules.ruleset.codes_schema import CodeTableSpec, EntrySpec
from envrules.ruleset.schema_types import describe, fields_of


def said(text: str) -> str:
    """Return what is said of a table's text."""
    problems = check_codes_text(CodeTableText("t.yaml", text), loaded().spec)
    return "".join(f"{problem}\n" for problem in problems)


ENTRY = HEAD + "entries:\n- {%s}\n"
WRONG = {
    "a number without quotes": (
        ENTRY % "large: 1, category: 三大堆",
        "5:11: ER204 entries.#1.large must be a code of the host (text), not the number 1",
        'put it in quotes: "1"',
    ),
    "a leading zero without quotes": (
        ENTRY % "large: 01, category: 三大堆",
        "5:11: ER110 01 may be read as a number or as text",
        'write a number plainly (7, 0.5, 1000), or text in quotes ("007")',
    ),
    "a place's code without quotes": (
        HEAD + "places: {1: village}\n",
        "4:10: ER111 a key must be text, not 1",
        'put it in quotes: "1"',
    ),
    "a code with blanks around it": (
        ENTRY % 'large: "01 ", category: 三大堆',
        "5:11: ER207 entries.#1.large: the text '01 ' is not a code of the host (text)",
        "write it just as the host sends it",
    ),
    "an unknown category": (
        ENTRY % 'large: "01", category: 白色拉圾',
        "5:27: ER303 town_deduction has no category 白色拉圾",
        "did you mean 白色垃圾?",
    ),
    "an unknown place": (
        ENTRY % 'large: "01", category: 三大堆, place: main_raod',
        "5:39: ER303 town_deduction has no place main_raod",
        "did you mean main_road?",
    ),
    "an unknown place in places": (
        HEAD + 'places: {"01": 路边}\n',
        "4:16: ER303 town_deduction has no place 路边",
        "use one of main_road, village_road, around, village, water, or declare it under `places` of the ruleset",
    ),
    "no category": (
        ENTRY % 'large: "01"',
        "5:3: ER203 entries.#1 lacks category",
        "add `category:` with a word without blanks and without $ . : # ,",
    ),
    "a category yet to be filled in": (
        ENTRY % 'large: "01", category: ',
        "5:17: ER205 entries.#1.category has no value",
        "write a word without blanks and without $ . : # ,, or remove it",
    ),
    "no code": (
        ENTRY % "class: event, category: 三大堆",
        "5:3: ER208 entries.#1 gives class, category",
        "add the code that it maps: large, small or category_code",
    ),
    "a condition of no small class": (
        ENTRY % 'large: "01", condition: "1", category: 三大堆',
        "5:3: ER208 entries.#1 gives large, condition, category",
        "add the small class that the filing condition belongs to",
    ),
    "a class of its own": (
        ENTRY % 'class: 事件, large: "01", category: 三大堆',
        "5:11: ER206 entries.#1.class: the text '事件' is not allowed here",
        "use one of component, event",
    ),
    "a misspelt field": (
        ENTRY % 'larg: "01", small: "1", category: 三大堆',
        "5:4: ER202 entries.#1 has no field 'larg'",
        "did you mean large?",
    ),
    "a word of the scheme itself": (
        ENTRY % "category_code: 三大堆, category: 白色垃圾",
        "5:19: ER509 三大堆 is a word of the scheme itself and stays as it is",
        "remove it",
    ),
    "a place of the scheme itself": (
        HEAD + "places: {water: village}\n",
        "4:17: ER509 water is a word of the scheme itself and stays as it is",
        "remove it",
    ),
    "nothing": (
        HEAD,
        "1:1: ER209 the code table maps nothing",
        "add `entries:` with at least one code",
    ),
    "the same twice": (
        ENTRY % 'large: "01", category: 三大堆' + '- {category: 三大堆, large: "01", title: 又}\n',
        "6:3: ER702 大类01 is mapped again; line 5 maps it to the same already",
        "keep one of the two",
    ),
    "another scheme": (
        (ENTRY % 'large: "01", category: 三大堆').replace("town_deduction", "liuhu"),
        "3:9: ER701 the code table is for liuhu, the ruleset is town_deduction",
        "use it with its own scheme, or write one for this scheme",
    ),
    "no mapping": (
        "- codes\n",
        "1:1: ER204 a code table must be a mapping, not a list",
        "begin with `codes: <name>`, `title: ...`, `scheme: <the scheme that it is for>`",
    ),
    "an empty file": (
        "",
        "1:1: ER204 a code table must be a mapping, not an empty file",
        "begin with `codes: <name>`, `title: ...`, `scheme: <the scheme that it is for>`",
    ),
    "no scheme": (
        "codes: a\ntitle: 甲\nentries: []\n",
        "1:1: ER203 the code table lacks scheme",
        "add `scheme:` with a key (small English letters, digits and _)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_said_exactly(what: str) -> None:
    """Each mistake gives place, code, message and fix, and nothing else."""
    text, problem, fix = WRONG[what]
    assert said(text) == f"t.yaml:{problem}\n  fix: {fix}\n"


def test_a_good_table_says_nothing() -> None:
    """The table that all of these tests start from has no problem."""
    assert said(TABLE) == ""


def test_all_that_is_wrong_is_said_at_once() -> None:
    """Several mistakes are told together, in order of place."""
    text = TABLE.replace("三大堆", "三大推").replace("main_road", "路").replace("漂浮物", "飘浮物")
    assert [line.split()[1] for line in said(text).splitlines()[::2]] == ["ER303"] * 3


def test_it_is_told_from_a_ruleset_by_its_first_key() -> None:
    """A text with `codes:` before any `ruleset:` is a code table, one without is none."""
    assert is_code_table(TABLE)
    assert not is_code_table("ruleset: x\ncodes: y\n")
    assert not is_code_table("codes\n")


def test_fields_are_called_as_the_file_calls_them() -> None:
    """`class` is the field's name in files and messages, whatever Python calls it."""
    assert "class" in fields_of(EntrySpec)
    assert describe(fields_of(CodeTableSpec)["entries"]) == "a list"
