"""What mutants a ruleset has: each operator on a ruleset made up for it."""

from __future__ import annotations

from typing import Any

from tests.mutation.conftest import Make

from envrules.cases.mutation.mutants import Mutant, Refused


def data_of(mutant: Any) -> Any:
    """Return the plain data of a mutant that `check` accepts."""
    assert isinstance(mutant, Mutant)
    return mutant.loaded.data


DEADLINE = """\
parameters:
  limit: {title: 期限, unit: working_days, ref: m 一, values: {always: 2, 2027-01-01: 3}}
deadlines:
  fix: {title: 整改, starts: filed, within: $limit, host_deadline: prefer, ref: m 一}
"""


def test_every_value_moves_and_every_definition_goes(make: Make) -> None:
    """Values, the dates they hold from, units of limits, words of a choice; each field and entry."""
    assert list(make(DEADLINE)) == [
        "parameters.limit.unit working_days → working_hours",
        "parameters.limit.unit working_days → emergency_hours",
        "parameters.limit.values.always deleted",
        "parameters.limit.values.always 2 → 1",
        "parameters.limit.values.always 2 → 3",
        "parameters.limit.values.2027-01-01 deleted",
        "parameters.limit.values 2027-01-01 → 2026-12-31",
        "parameters.limit.values 2027-01-01 → 2027-01-02",
        "parameters.limit.values.2027-01-01 3 → 2",
        "parameters.limit.values.2027-01-01 3 → 4",
        "deadlines.fix deleted",
        "deadlines.fix.starts deleted",
        "deadlines.fix.starts filed → accepted",
        "deadlines.fix.starts filed → registered",
        "deadlines.fix.within deleted",
        "deadlines.fix.host_deadline deleted",
    ]


def test_what_a_deletion_leaves_without_use_goes_with_it(make: Make) -> None:
    """A deadline takes its parameter with it, and so does the field alone that names it."""
    made = make(DEADLINE)
    assert not {"parameters", "deadlines"} & data_of(made["deadlines.fix deleted"]).keys()
    without = data_of(made["deadlines.fix.within deleted"])
    assert "parameters" not in without
    assert without["deadlines"]["fix"].keys() == {"title", "starts", "host_deadline", "ref"}


TABLE = """\
tables:
  rows:
    title: 表
    values:
      always:
      - {id: road, title: 路, full: 30, each: 0.5, at: [road], find: [litter, weeds], ref: m 一}
      - {id: pond, title: 塘, full: 10, supplied_by: 站, not_supplied: zero, ref: m 一}
inspections: {check: {title: 检查, ref: m 一}}
places: {road: {title: 路, ref: m 一}}
categories: {litter: {title: 垃圾, ref: m 一}, weeds: {title: 草, ref: m 一}}
scores:
  monthly: {title: 分, unit: [village], period: month, table: rows, counts: [check], ref: m 一}
"""


def test_rows_words_and_points(make: Make) -> None:
    """Rows are deleted, their points moved by a hundredth, their places and categories taken out."""
    found = [name for name in make(TABLE) if name.startswith("tables.rows.values")]
    assert found == [
        "tables.rows.values.always.road deleted",
        "tables.rows.values.always.road.full 30 → 29.99",
        "tables.rows.values.always.road.full 30 → 30.01",
        "tables.rows.values.always.road.each 0.5 → 0.49",
        "tables.rows.values.always.road.each 0.5 → 0.51",
        "tables.rows.values.always.road.at.road deleted",
        "tables.rows.values.always.road.find.litter deleted",
        "tables.rows.values.always.road.find.weeds deleted",
        "tables.rows.values.always.pond deleted",
        "tables.rows.values.always.pond.full 10 → 9.99",
        "tables.rows.values.always.pond.full 10 → 10.01",
        "tables.rows.values.always.pond.not_supplied deleted",
        "tables.rows.values.always.pond.not_supplied zero → full",
    ]


def test_words_and_texts_are_left_alone(make: Make) -> None:
    """No mutant is about a source, a unit type, a place, a title or a clause."""
    words = ("sources", "unit_types", "inspections", "places", "categories", "title", "timezone")
    texts = (".title", ".ref", ".supplied_by", ".document")
    for name in make(TABLE):
        place = name.split()[0]
        assert not place.startswith(words)
        assert not place.endswith(texts)


BANDS = """\
parameters:
  high: {title: 高, unit: points, ref: m 一, values: {always: 90}}
  low:  {title: 低, unit: points, ref: m 一, values: {always: 60}}
consequences: {警告: {action: warn, ref: m 一}, 表扬: {action: commend, approve: false, ref: m 一}}
scores:
  monthly: {title: 分, unit: [village], period: month, supplied_by: 站, ref: m 一}
bands:
  monthly:
  - {id: good, title: 好, at_least: $high, ref: m 一}
  - {id: fair, title: 中, at_least: $low, below: $high, ref: m 一}
  - {id: bad, title: 差, below: $low, ref: m 一}
rules:
- {id: warn, title: 警告, when: {band: monthly.bad}, then: [警告], ref: m 一}
- {id: praise, title: 表扬, when: {any: [{band: monthly.good}, {rule: warn}]}, then: [表扬], ref: m 一}
"""


def test_a_threshold_turns_in_both_bands_that_meet_there(make: Make) -> None:
    """Where the lower band ends below, the upper one begins at least: one change, not two."""
    made = make(BANDS)
    turned = data_of(made["bands.monthly.good.at_least → above"])["bands"]["monthly"]
    assert turned[0]["above"] == turned[1]["at_most"] == "$high"
    assert (turned[1]["at_least"], turned[2]["below"]) == ("$low", "$low")
    assert "bands.monthly.fair.below → at_most" not in made
    assert "bands.monthly.fair.at_least → above" in made


def test_the_figures_of_a_deleted_band_fall_to_its_neighbour(make: Make) -> None:
    """Bands must cover every figure, so the one beside it reaches over."""
    made = make(BANDS)
    without = data_of(made["bands.monthly.fair deleted"])["bands"]["monthly"]
    assert [band["id"] for band in without] == ["good", "bad"]
    assert without[0]["at_least"] == without[1]["below"] == "$low"


def test_what_named_a_deleted_band_goes_with_it(make: Make) -> None:
    """The rule that waited for it goes, its consequence too, and what waited for that rule.

    So does the threshold, which is no mutant of its own.
    """
    made = make(BANDS)
    assert "parameters.low deleted" not in made
    without = data_of(made["bands.monthly.bad deleted"])
    assert [band["id"] for band in without["bands"]["monthly"]] == ["good", "fair"]
    assert [rule["id"] for rule in without["rules"]] == ["praise"]
    assert without["rules"][0]["when"] == {"any": ({"band": "monthly.good"},)}
    assert without["consequences"].keys() == {"表扬"}


def test_conditions_and_consequences(make: Make) -> None:
    """`any` becomes `all`; each fact goes; a consequence goes, is another, or waits for approval."""
    made = make(BANDS)
    assert {
        "rules.praise.when.any → all",
        "rules.praise.when.any.band=monthly.good deleted",
        "rules.praise.when.any.rule=warn deleted",
        "consequences.警告 deleted",
        "consequences.警告.action warn → supervise",
        "consequences.表扬.approve false → true",
    } <= made.keys()
    assert [rule["id"] for rule in data_of(made["consequences.警告 deleted"])["rules"]] == [
        "praise"
    ]


LISTS = """\
parameters:
  first: {title: 前, unit: count, ref: m 一, values: {always: 1}}
  last:  {title: 后, unit: count, ref: m 一, values: {always: 1}}
scores:
  monthly: {title: 分, unit: [village], period: month, supplied_by: 站, ref: m 一}
lists:
  red:   {title: 红, of: monthly, top: $first, ties: include, ref: m 一}
  black: {title: 黑, of: monthly, bottom: $last, ties: exclude, never_with: red, ref: m 一}
"""


def test_lists_turn_round_and_take_their_exclusions_with_them(make: Make) -> None:
    """First becomes last, ties change sides, and a deleted list can exclude nobody any more."""
    made = make(LISTS)
    assert "lists.red.top → bottom" in made
    assert "ties" not in data_of(made["lists.black.ties deleted"])["lists"]["black"]  # include
    assert data_of(made["lists.red deleted"])["lists"].keys() == {"black"}
    assert "never_with" not in data_of(made["lists.red deleted"])["lists"]["black"]
    assert "never_with" not in data_of(made["lists.black.never_with deleted"])["lists"]["black"]


LADDER = """\
parameters:
  white_after:  {title: 白, unit: hours, ref: m 一, values: {always: 1}}
  yellow_after: {title: 黄, unit: hours, ref: m 一, values: {always: 1}}
ladders:
  slips:
    title: 单
    merge: [unit, rung, day]
    ref: m 一
    rungs:
    - {id: white, title: 白, after: $white_after, ref: m 一}
    - {id: yellow, title: 黄, after_service: $yellow_after, ref: m 一}
"""


def test_the_rung_after_a_deleted_first_one_counts_from_the_start(make: Make) -> None:
    """No slip was served before it any more."""
    without = data_of(make(LADDER)["ladders.slips.rungs.white deleted"])
    assert without["ladders"]["slips"]["rungs"] == (
        {"id": "yellow", "title": "黄", "after": "$yellow_after", "ref": "m 一"},
    )


def test_a_list_that_means_nothing_in_part_goes_as_a_whole(make: Make) -> None:
    """Slips are merged by unit, rung and day or not at all, and the mutant is called so."""
    made = make(LADDER)
    assert "merge" not in data_of(made["ladders.slips.merge deleted"])["ladders"]["slips"]
    assert not [name for name in made if name.startswith("ladders.slips.merge.")]


def test_what_check_refuses_is_listed_with_its_reason(make: Make) -> None:
    """A limit of no hours is no mutant, nor is a first rung that waits for a service."""
    made = make(LADDER)
    refused = {name: one.reason for name, one in made.items() if isinstance(one, Refused)}
    assert refused["parameters.white_after.values.always 1 → 0"].startswith("ER402 ")
    assert refused["ladders.slips.rungs.white.after → after_service"].startswith("ER507 ")


CALENDAR = """\
calendar:
  days: china
  hours: ["09:00-12:00"]
  holidays: {2026-08-08: 镇庆}
  working_days: {counting: whole_days}
  ref: m 一
parameters: {days: {title: 日, unit: working_days, ref: m 一, values: {always: 3}}}
deadlines: {fix: {title: 整改, within: $days, ref: m 一}}
"""


def test_the_calendar_is_mutated_like_the_rest(make: Make) -> None:
    """Holidays go and move by a day, hours by a minute; a default written out is no rule to delete."""
    assert [name for name in make(CALENDAR) if name.startswith("calendar")] == [
        "calendar.days china → weekdays",
        "calendar.hours.09:00-12:00 deleted",
        "calendar.hours 09:00-12:00 → 08:59-12:00",
        "calendar.hours 09:00-12:00 → 09:00-11:59",
        "calendar.hours 09:00-12:00 → 09:01-12:00",
        "calendar.hours 09:00-12:00 → 09:00-12:01",
        "calendar.holidays.2026-08-08 deleted",
        "calendar.holidays 2026-08-08 → 2026-08-07",
        "calendar.holidays 2026-08-08 → 2026-08-09",
        "calendar.working_days deleted",
    ]


RECORDS = """\
issues:
  order: {steps: [registered, handled, closed], ref: m 一}
  required: {registered: {fields: [责任人, 时限], ref: m 一}}
inspections: {check: {title: 检查, ref: m 一}}
duties:
  look: {title: 查, unit: [village], every: week, met_by: {inspection: [check]}, ref: m 一}
"""


def test_records_order_and_duties(make: Make) -> None:
    """Each step of an order, each field of a record, and how often a duty recurs."""
    assert list(make(RECORDS)) == [
        "issues.order deleted",
        "issues.order.steps.registered deleted",
        "issues.order.steps.handled deleted",
        "issues.order.steps.closed deleted",
        "issues.required.registered deleted",
        "issues.required.registered.fields.责任人 deleted",
        "issues.required.registered.fields.时限 deleted",
        "duties.look deleted",
        "duties.look.every week → day",
        "duties.look.every week → month",
    ]


def test_two_items_of_one_name_are_told_apart(make: Make) -> None:
    """A name means one mutant: the second of two equal items has its number."""
    made = make(RECORDS.replace("[责任人, 时限]", "[责任人, 时限, 责任人]"))
    assert "issues.required.registered.fields.责任人#3 deleted" in made
