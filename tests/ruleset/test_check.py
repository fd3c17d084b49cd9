"""Checks beyond the gallery: what is allowed, every date, circles, files."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from envrules.resources import rulesets_dir
from envrules.ruleset.check import check_files, check_ruleset, check_text
from envrules.ruleset.check_scores import table_totals
from envrules.ruleset.check_values import misfit
from envrules.ruleset.load import load_ruleset

LINE = "  line:  {title: 警告线, unit: points, ref: m 一, values: {always: 70}}\n"
WEAK_WHEN = "when: {any: [{overdue: fix}, {late: 承诺}]}, then: [通报]"


def said(text: str) -> list[str]:
    """Return code and message of every problem of a text that is in no file."""
    return [f"{problem.code} {problem.message}" for problem in check_text(text, "text")]


def changed(text: str, *replacements: tuple[str, str]) -> str:
    """Return the text with each first occurrence replaced, which must be there."""
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new, 1)
    return text


def test_shipped_rulesets_are_clean() -> None:
    """The rulesets that come with the package have neither errors nor warnings."""
    assert check_files([rulesets_dir()]) == []


def test_problems_are_in_order_of_place(good: str) -> None:
    """Problems of different checks come as a reader meets them in the file."""
    text = changed(
        good, ("Asia/Shanghai", "Asia/Nowhere"), ("at: [river]", "at: [sea]"),
        ("late: 承诺", "late: 总结"), ("{always: 3}", "{always: -3}"),
    )  # fmt: skip
    problems = check_text(text, "text")
    assert [problem.code for problem in problems] == ["ER404", "ER402", "ER303", "ER601"]
    assert problems == sorted(problems)


def test_definitions_may_have_a_clause_and_a_reason(good: str) -> None:
    """Where the text gives a part and we add the rest, both may be said."""
    both = "counts: [check], not_from_source: 原文未写缺考核的月份, ref: m 八"
    assert said(changed(good, ("counts: [check], ref: m 八", both))) == []


def test_scheme_without_places_accepts_any(good: str) -> None:
    """A scheme that declares no places and categories may name them freely."""
    lines = [line for line in good.splitlines() if not line.startswith(("places:", "categories:"))]
    assert said("\n".join(lines)) == []


def test_row_without_places_takes_the_rest(good: str) -> None:
    """A row for any place stands beside rows for single places; two of them conflict."""
    one = changed(good, ("at: [river], ", ""))
    assert said(one) == []
    assert said(changed(one, ("at: [road], ", ""))) == [
        "ER502 the rows road and river both claim litter at any"
    ]


@pytest.mark.parametrize(
    ("bounds", "messages"),
    [
        (["below: $line", "at_least: $line"], []),
        (["above: $line", "at_most: $line"], []),
        (["at_least: $line"], ["no band holds figures below 70"]),
        (["at_most: $line"], ["no band holds figures above 70"]),
        (["at_most: $line", "above: $good"], ["no band holds figures above 70 up to 90"]),
        (
            ["below: $good", "above: $line"],
            ["more than one band holds figures above 70 to below 90"],
        ),
        (
            ["below: $good", "at_least: $good", "at_least: $line, at_most: $line"],
            ["more than one band holds exactly 70"],
        ),
    ],
)
def test_bands_cover_every_figure_once(good: str, bounds: list[str], messages: list[str]) -> None:
    """Each side of each bound counts: nothing between bands, and nothing twice."""
    bands = ", ".join(
        f"{{id: b{i}, title: 档, {bound}, ref: m 八}}" for i, bound in enumerate(bounds)
    )
    used = "$good" in bands
    spare = "  good:  {title: 优秀线, unit: points, ref: m 一, values: {always: 90}}\n"
    head, rest = good.split("bands:\n")
    text = (
        head.replace(LINE, LINE + spare if used else LINE)
        + f"bands:\n  monthly: [{bands}]\n\nlists:\n"
        + rest.split("lists:\n")[1].replace("monthly.warned", "monthly.b0")
    )
    assert said(text) == [f"ER504 bands.monthly: {message}" for message in messages]


def test_bands_are_checked_on_every_date(good: str) -> None:
    """A bound that moves past another from some day on is found, and the day is named."""
    text = changed(
        good,
        (LINE, LINE.replace("{always: 70}", "{always: 70, 2027-01-01: 95}")
         + "  good:  {title: 优秀线, unit: points, ref: m 一, values: {always: 90}}\n"),
        ("at_least: $line, ref: m 八}", "at_least: $line, below: $good, ref: m 八}"),
        ("\nlists:", "  - {id: top, title: 优秀, at_least: $good, ref: m 八}\n\nlists:"),
    )  # fmt: skip
    assert said(text) == ["ER504 no figure falls in bands.monthly.fine (from 2027-01-01 on)"]
    assert said(text.replace("2027-01-01: 95", "2027-01-01: 80")) == []


def test_rungs_in_different_units_are_not_compared(good: str) -> None:
    """Twelve hours and one working day have no fixed order, so nothing is said."""
    text = changed(
        good,
        ("at: start,", "after: $hours,"), ("after_service: $limit,", "after: $limit,"),
        (LINE, LINE + "  hours: {title: 白单, unit: hours, ref: m 二, values: {always: 12}}\n"),
    )  # fmt: skip
    assert said(text) == []


def test_rung_that_organs_issue_has_a_name_of_its_own(good: str) -> None:
    """An organ names a rung alone; where none may, ladders may share the names of rungs."""
    second = (
        "  urgent:\n    title: 急件\n    ref: m 十\n    rungs:\n"
        "    - {id: red, title: 红单, at: start, ref: m 十}\n"
    )
    text = changed(good, ("\ndeadlines:\n", second + "\ndeadlines:\n"))
    assert said(text) == []
    text = changed(text, ("title: 督办单\n", "title: 督办单\n    direct_issue_by: [督导组]\n"))
    assert said(text) == ["ER501 red is named twice among the rungs that organs may issue"]


def test_list_may_exclude_a_list_that_excludes_none(good: str) -> None:
    """`never_with` in one direction gives an order of judging and is right."""
    red = "  red: {title: 红榜, of: monthly, top: $last, ref: m 九}\n"
    text = changed(
        good, ("lists:\n", "lists:\n" + red), ("bottom: $last,", "bottom: $last, never_with: red,")
    )
    assert said(text) == []
    assert said(text.replace("never_with: red", "never_with: black")) == [
        "ER508 lists that exclude each other: black → black"
    ]


def test_list_may_be_barred_by_slips_and_bands(good: str) -> None:
    """`unless` takes ladder.rung and score.band."""
    unless = "unless: [slips.red, monthly.warned]"
    assert said(changed(good, ("bottom: $last,", f"bottom: $last, {unless},"))) == []


@pytest.mark.parametrize(
    ("when", "messages"),
    [
        ("{rule: any}", ["ER602 these rules follow from each other in a circle: weak → weak"]),
        ("{late: any}", []),
        ("{found: any}", []),
        ("{recheck_failed: any}", []),
        ("{slip: any, none: [{late: 承诺}]}", []),
        ("{rule: warn, none: [{slip: slips.red}]}", []),
        ("{overdue: fix, none: [{overdue: fix}]}",
         ["ER605 rule weak wants `overdue: fix` to hold and not to hold"]),
        ("{any: [{overdue: fix}, {list: black}], none: [{list: any}]}",
         ["ER605 rule weak wants `list: any` to hold and not to hold"]),
        ("{recheck_failed: fix}", ["ER601 rule weak: no fact `recheck_failed: fix` can ever hold"]),
        ("{found: hotline}", ["ER601 rule weak: no fact `found: hotline` can ever hold"]),
        ("{missed: fix}", ["ER601 rule weak: no fact `missed: fix` can ever hold"]),
        ("{all: [{overdue: fix}, {late: 承诺}, {list: black}]}", []),
    ],
)  # fmt: skip
def test_facts_of_conditions(good: str, when: str, messages: list[str]) -> None:
    """Each kind of fact has its own names; `any` stands for all; circles and clashes are found."""
    assert said(changed(good, (WEAK_WHEN, f"when: {when}, then: [通报]"))) == messages


def test_any_of_no_facts_can_never_hold(good: str) -> None:
    """`missed: any` needs a duty to be missed."""
    head, rest = good.split("duties:\n")
    text = head + "rules:\n" + rest.split("rules:\n")[1].replace("{late: 承诺}", "{missed: any}")
    assert said(text) == ["ER601 rule weak: no fact `missed: any` can ever hold"]


def test_circle_through_any_late_report_is_found(good: str) -> None:
    """A rule on any late report that requires a report itself depends on itself."""
    requires = "{require: 承诺, by: 村书记, within: $limit}"
    text = changed(good, (WEAK_WHEN, f"when: {{late: any}}, then: [{requires}]"))
    assert said(text) == ["ER602 these rules follow from each other in a circle: weak → weak"]


def test_every_circle_is_reported_once(good: str) -> None:
    """Two separate circles give two problems, each at one of its links."""
    rules = "".join(
        f"- {{id: {name}, title: 甲, when: {{rule: {on}}}, then: [通报], ref: m 八}}\n"
        for name, on in (("a", "c"), ("b", "a"), ("c", "b"), ("d", "e"), ("e", "d"))
    )
    assert said(good + rules) == [
        "ER602 these rules follow from each other in a circle: a → b → c → a",
        "ER602 these rules follow from each other in a circle: d → e → d",
    ]


def test_whole_days_need_whole_numbers(good: str) -> None:
    """Half a working day is a limit only where working days are counted as elapsed time."""
    half = changed(good, ("ref: m 二, values: {always: 3}", "ref: m 二, values: {always: 1.5}"))
    assert said(half) == []
    whole = changed(half, ("  ref: m 六", "  working_days: {counting: whole_days}\n  ref: m 六"))
    assert [message[:5] for message in said(whole)] == ["ER402"]


@pytest.mark.parametrize(
    ("unit", "fits", "misfits"),
    [
        ("points", ["0", "-2.5", "70.25"], ["0.001", "x", True]),
        ("money", ["0", "700000", "12.50"], ["-1", "0.005"]),
        ("count", ["0", "26"], ["-1", "2.5", "x", False]),
        ("ratio", ["0", "0.5", "1"], ["-0.1", "1.01"]),
        ("percent", ["0", "99.9", "100"], ["-1", "100.5"]),
        ("flag", [True, False], ["1", "true"]),
        ("text", ["x"], [True, "7", " "]),
        ("working_hours", ["0.5", "8"], ["0", "-1", "08:00"]),
        ("calendar_days", ["1"], ["0"]),
        ("same_day", ["18:00", "24:00", "00:01"], ["00:00", "24:01", "18", "8:00", "9", True]),
    ],
)  # fmt: skip
def test_values_fit_their_units(
    unit: str, fits: list[bool | str], misfits: list[bool | str]
) -> None:
    """Every unit accepts its own values and refuses the others."""

    def value(given: bool | str) -> bool | str | Decimal:
        plain = isinstance(given, str) and given.replace(".", "", 1).removeprefix("-").isdecimal()
        return Decimal(str(given)) if plain else given

    assert [given for given in fits if misfit(unit, value(given)) is not None] == []
    assert [given for given in misfits if misfit(unit, value(given)) is None] == []


def test_table_totals_are_for_people_to_compare(good: str) -> None:
    """The full points of a table are summed for each date."""
    loaded = load_ruleset(good, "broken.yaml")
    assert table_totals(loaded) == {"rows": {"always": Decimal(100)}}


def test_row_with_too_many_combinations_is_refused(good: str) -> None:
    """The places times the categories of a row are bounded, for each is looked up."""
    places = ", ".join(f"p{n}" for n in range(101))
    text = changed(
        good, ("find: [litter], ref", f"find: [{places}], ref"), ("at: [road]", f"at: [{places}]")
    )
    text = "\n".join(line for line in text.splitlines() if not line.startswith(("places:", "cate")))
    assert said(text) == ["ER109 row road claims 101 places times 101 categories"]


def test_number_of_problems_is_bounded(good: str) -> None:
    """A file that is wrong throughout is refused without a book of messages."""
    words = ", ".join(f"w{n}" for n in range(2000))
    assert len(check_text(changed(good, ("at: [road]", f"at: [{words}]")), "text")) <= 500
    aliases = ", ".join("*x" for _ in range(2000))
    assert len(check_text(f"a: [{aliases}]", "text")) == 500
    assert len(check_text("\t\n" * 2000, "text")) == 500
    items = ", ".join("[]" for _ in range(2000))
    assert len(check_text(changed(good, ("at: [road]", f"at: [{items}]")), "text")) <= 500


def test_name_is_compared_only_with_a_yaml_file(good: str) -> None:
    """Text that comes from elsewhere has no file name to agree with."""
    assert check_ruleset(load_ruleset(good, "published")) == []
    assert check_ruleset(load_ruleset(good, "rulesets/broken.yaml")) == []
    assert [p.code for p in check_ruleset(load_ruleset(good, "other.yaml"))] == ["ER902"]


def test_files_and_folders(good: str, tmp_path: Path) -> None:
    """Files are checked as named, folders by the YAML files directly in them, each once."""
    (tmp_path / "broken.yaml").write_text(good, encoding="utf-8")
    (tmp_path / "notes.txt").write_text("no ruleset", encoding="utf-8")
    assert check_files([tmp_path, tmp_path / "broken.yaml"]) == []
    (missing,) = check_files([tmp_path / "missing.yaml"])
    assert (missing.code, missing.file) == ("ER901", str(tmp_path / "missing.yaml"))


def test_large_file_is_refused_by_its_size(tmp_path: Path) -> None:
    """A file beyond the limit is not read to the end."""
    (tmp_path / "big.yaml").write_bytes(b"# " + b"x" * 2_000_000)
    assert [problem.code for problem in check_files([tmp_path])] == ["ER109"]


def test_only_rules_require_reports(good: str) -> None:
    """What a list would require is never due, so no rule may build on its lateness."""
    text = changed(
        good, ("  承诺: {", "  总结: {action: pledge, ref: m 七}\n  承诺: {"),
        ("bottom: $last, then: [通报]", "bottom: $last, then: [{require: 总结, by: 村书记, within: $limit}]"),
        ("late: 承诺", "late: 总结"),
    )  # fmt: skip
    assert said(text) == [
        "ER509 lists.black: only a rule can require a report, 总结 has no effect",
        "ER601 rule weak: no fact `late: 总结` can ever hold",
    ]


def test_lists_of_two_scores_do_not_exclude_each_other(good: str) -> None:
    """A list is held against the lists and bands of its own score, and against slips of any ladder."""
    item = "  worst: {title: 末位, of: yearly, bottom: $last, never_with: black, unless: [%s], ref: m 九}\n"
    for fact, idle in (("slips.red", []), ("monthly.warned", ["monthly.warned"])):
        text = changed(good, ("lists:\n", f"lists:\n{item % fact}"))
        assert said(text.replace("of: yearly", "of: monthly")) == []
        assert said(text) == [
            "ER509 lists.worst.never_with has no effect: black ranks by monthly, this list by yearly",
            *(f"ER509 lists.worst.unless: {name} has no effect, for the list ranks by yearly"
              for name in idle),
        ]  # fmt: skip


@pytest.mark.parametrize(
    ("ends", "ended"),
    [
        ('{always: "2026-03-01", 2027-06-01: "2027-03-01"}', ""),
        ('{always: "2026-05-31", 2028-01-01: "2027-05-31"}', "2026-05-31"),
        ('{2029-01-01: "2026-05-31"}', ""),
    ],
)
def test_a_window_goes_by_the_values_of_its_year(good: str, ends: str, ended: str) -> None:
    """An end that changes within the year is the new one's; one that has no value yet is none."""
    text = changed(
        good, ("every: month, ", "every: month, during: drive, "),
        ("duties:\n", "campaigns: {drive: {title: 整治, starts: $opens, until: $ends, ref: m 四}}\nduties:\n"),
        ("parameters:\n", f"""parameters:
  opens: {{title: 始, unit: date, ref: m 四, values: {{always: "2026-03-01", 2027-01-01: "2027-03-01"}}}}
  ends: {{title: 止, unit: date, ref: m 四, values: {ends}}}
"""),
    )  # fmt: skip
    start = "ER509 campaigns.drive has no day: it starts on 2027-03-01 and lasts until"
    assert said(text) == ([f"{start} {ended}"] if ended else [])


YEARLY = """
  yearly:
  - {id: bad, title: 差, below: $line, ref: m 八}
  - {id: good, title: 好, at_least: $line, ref: m 八}
indicators:
  clear: {title: 水清, unit: [village], period: quarter, measured: {}, at_least: $last, ref: m 十}
"""


@pytest.mark.parametrize(
    ("when", "apart"),
    [
        ("{all: [{band: monthly.warned}, {overdue: fix}]}", []),
        ("{list: black, none: [{missed: tour}, {band: any}]}", []),
        ("{list: black, none: [{band: yearly.bad}]}",
         ["`band: yearly.bad` is of a year and `list: black` of a month"]),
        ("{all: [{overdue: fix}, {band: yearly.bad}]}",
         ["`band: yearly.bad` is of a year and `overdue: fix` of a month"]),
        ("{any: [{band: any}, {late: tour}], none: [{indicator: clear.met}]}",
         ["`indicator: clear.met` is of a quarter and `band: any` of a month or year",
          "`indicator: clear.met` is of a quarter and `late: tour` of a month"]),
        ("{all: [{rule: yearly}, {late: 承诺}]}",
         ["`late: 承诺` is of a month and `rule: yearly` of a year"]),
        ("{all: [{indicator: any}, {late: any}]}",
         ["`late: any` is of a month and `indicator: any` of a quarter"]),
    ],
)  # fmt: skip
def test_facts_of_different_periods_never_meet(good: str, when: str, apart: list[str]) -> None:
    """What must hold together is of one kind of period, and so is what must not hold besides."""
    rules = (
        "rules:\n- {id: yearly, title: 年度, when: {band: yearly.bad}, then: [通报], ref: m 八}\n"
        f"- {{id: one, title: 一条, when: {when}, then: [通报], ref: m 八}}\n"
    )
    text = changed(good, ("\nlists:", f"{YEARLY}\nlists:"), ("rules:\n", rules))
    assert said(text) == [f"ER605 rule one: {pair}, so they never meet" for pair in apart]
