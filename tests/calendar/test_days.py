"""Which dates are worked, and who says so."""

from datetime import date

import pytest

from envrules.calendar import (
    CalendarError,
    DayKind,
    DaySource,
    Overlay,
    day_table,
    overlay_from_data,
)
from envrules.model.base import canonical_json

CHINA = day_table(DaySource.CHINESECALENDAR)


@pytest.mark.parametrize(
    ("day", "working", "kind", "title"),
    [
        (date(2026, 10, 1), False, DayKind.HOLIDAY, "国庆节"),
        (date(2026, 10, 3), False, DayKind.HOLIDAY, "国庆节"),  # a Saturday
        (date(2026, 10, 10), True, DayKind.MAKE_UP, "国庆节调休上班"),  # a Saturday
        (date(2026, 9, 20), True, DayKind.MAKE_UP, "国庆节调休上班"),  # a Sunday
        (date(2026, 2, 23), False, DayKind.HOLIDAY, "春节"),  # a Monday
        (date(2026, 2, 28), True, DayKind.MAKE_UP, "春节调休上班"),
        (date(2026, 7, 18), False, DayKind.WEEKEND, ""),
        (date(2026, 7, 20), True, DayKind.WORKDAY, ""),
    ],
)
def test_chinese_notices(day: date, working: bool, kind: DayKind, title: str) -> None:
    """Holidays and make-up days of 2026 are those of the State Council's notice."""
    assert CHINA.is_working(day) is working
    assert CHINA.describe(day) == (kind, title)


def test_years_of_the_notices() -> None:
    """Each year from 2004 to 2026 is published, those around them are not and raise nothing."""
    assert CHINA.unpublished_years(2004, 2026) == ()
    assert CHINA.unpublished_years(2003, 2028) == (2003, 2027, 2028)
    assert CHINA.is_working(date(2027, 1, 1))  # a Friday, by the weekday rule
    assert not CHINA.is_working(date(2027, 1, 2))


def test_overlay_wins_over_the_notices() -> None:
    """An operator's dates override the source in both directions and publish a year."""
    table = day_table(
        DaySource.CHINESECALENDAR,
        Overlay(
            frozenset({2027}),
            holidays={date(2026, 10, 10): "台风停工", date(2027, 1, 1): "元旦"},
            workdays={date(2026, 10, 1): "国庆值守"},
        ),
    )
    assert table.describe(date(2026, 10, 10)) == (DayKind.HOLIDAY, "台风停工")
    assert table.describe(date(2026, 10, 1)) == (DayKind.MAKE_UP, "国庆值守")
    assert date(2026, 10, 1) not in table.holidays, "a date is stated once"
    assert not table.is_working(date(2026, 10, 2)), "what the overlay leaves out stays"
    assert not table.is_working(date(2027, 1, 1))
    assert table.unpublished_years(2026, 2028) == (2028,)
    assert CHINA.is_working(date(2026, 10, 10)), "the source itself is untouched"


def test_weekdays_source() -> None:
    """The weekdays source publishes nothing by itself; its overlay's dates and years do."""
    boston = day_table(
        DaySource.WEEKDAYS, Overlay(frozenset({2015}), {date(2015, 4, 20): "Patriots' Day"})
    )
    assert not boston.is_working(date(2015, 4, 20))
    assert boston.is_working(date(2015, 7, 3))
    assert not boston.is_working(date(2015, 7, 4))
    assert boston.unpublished_years(2015, 2016) == (2016,)


def test_every_day_source() -> None:
    """With every_day weekends are worked, no year needs publishing, and holidays still hold."""
    table = day_table(DaySource.EVERY_DAY, Overlay(holidays={date(2026, 2, 17): "春节"}))
    assert table.is_working(date(2026, 7, 18))
    assert not table.is_working(date(2026, 2, 17))
    assert table.unpublished_years(1990, 2100) == ()


def test_overlay_from_parsed_data() -> None:
    """Dates may be YAML dates or ISO text, and every key may be missing."""
    overlay = overlay_from_data(
        {
            "published_years": [2027],
            "holidays": {date(2027, 1, 1): "元旦", "2027-02-06": "春节"},
            "workdays": {"2027-02-20": "春节调休"},
        }
    )
    assert overlay == Overlay(
        frozenset({2027}),
        {date(2027, 1, 1): "元旦", date(2027, 2, 6): "春节"},
        {date(2027, 2, 20): "春节调休"},
    )
    assert overlay_from_data({}) == Overlay()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"holiday": {}}, "unknown key 'holiday'"),
        ({"published_years": 2027}, "published_years must be a list"),
        ({"published_years": ["2027"]}, "published_years holds '2027'"),
        ({"published_years": [True]}, "published_years holds True"),
        ({"holidays": ["2027-01-01"]}, "holidays must map"),
        ({"holidays": {"2027-02-29": "x"}}, "'2027-02-29' is no date"),
        ({"holidays": {"20270101": "x"}}, "'20270101' is no date"),
        ({"workdays": {"2027-01-01": None}}, "title of 2027-01-01 must be text"),
        ({"workdays": {"2027-01-01": "a", date(2027, 1, 1): "b"}}, "listed twice"),
        (
            {"holidays": {"2027-01-01": "a"}, "workdays": {"2027-01-01": "b"}},
            "2027-01-01 is listed",
        ),
    ],
)
def test_broken_overlay_data(data: dict[str, object], message: str) -> None:
    """Data that states no calendar is refused, naming what is wrong."""
    with pytest.raises(CalendarError, match=message):
        overlay_from_data(data)


def test_table_as_data() -> None:
    """A table's data is JSON, and differs wherever the days do."""
    plain = canonical_json(day_table(DaySource.WEEKDAYS).as_data())
    other = day_table(DaySource.WEEKDAYS, Overlay(holidays={date(2027, 1, 1): "元旦"}))
    published = day_table(DaySource.WEEKDAYS, Overlay(frozenset({2027})))
    assert b'"2027-01-01"' in canonical_json(other.as_data())
    assert len({plain, canonical_json(other.as_data()), canonical_json(published.as_data())}) == 3
