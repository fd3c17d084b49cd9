"""Reading the city's files: every row is a request or listed with its place and reason."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from envrules_boston311.rows import read_folder

MakeRow = Callable[..., dict[str, str]]
Write = Callable[..., Path]


def test_a_row_becomes_a_request(write: Write, row: MakeRow) -> None:
    """Local times become instants of winter and summer time, TYPE a category of the ruleset."""
    folder = write(
        "a.csv",
        row("1", "01/01/2015 01:20:33 PM", "01/05/2015 08:30:00 AM", "01/05/2015 10:04:20 AM"),
        row("2", "07/01/2015 12:00:00 AM", kind="Graffiti Removal", department=" PROP "),
    )
    first, second = read_folder(folder).requests
    assert (first.case, first.category, first.department) == ("1", "empty_litter_basket", "PWDx")
    assert first.opened == datetime(2015, 1, 1, 18, 20, 33, tzinfo=UTC)
    assert first.target == datetime(2015, 1, 5, 13, 30, tzinfo=UTC)
    assert first.closed == datetime(2015, 1, 5, 15, 4, 20, tzinfo=UTC)
    assert (second.category, second.department) == ("graffiti_removal", "PROP")
    assert second.opened == datetime(2015, 7, 1, 4, tzinfo=UTC)
    assert second.target is None
    assert second.closed is None


def test_places_count_lines_not_rows(write: Write, row: MakeRow) -> None:
    """A row's place is the line on which it begins, also after fields of several lines."""
    rows = [row(str(n), "01/01/2015 01:20:33 PM") for n in range(3)]
    requests = read_folder(write("a.csv", *rows)).requests
    assert [request.place for request in requests] == ["a.csv:2", "a.csv:4", "a.csv:6"]


@pytest.mark.parametrize(
    ("opened", "instant"),
    [
        ("11/01/2015 01:30:00 AM", datetime(2015, 11, 1, 5, 30, tzinfo=UTC)),  # shown twice
        ("03/08/2015 02:30:00 AM", datetime(2015, 3, 8, 7, 30, tzinfo=UTC)),  # never shown
        ("03/08/2015 03:30:00 AM", datetime(2015, 3, 8, 7, 30, tzinfo=UTC)),
    ],
)
def test_when_clocks_change(write: Write, row: MakeRow, opened: str, instant: datetime) -> None:
    """A time shown twice is the first of the two, one that is skipped an hour later."""
    (request,) = read_folder(write("a.csv", row("1", opened))).requests
    assert request.opened == instant


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"CASE_ENQUIRY_ID": " "}, "no CASE_ENQUIRY_ID"),
        ({"TYPE": "Pothole"}, "TYPE 'Pothole'"),
        ({"OPEN_DT": ""}, "no OPEN_DT"),
        ({"OPEN_DT": "2015-01-01"}, "OPEN_DT '2015-01-01' is no time"),
        ({"OPEN_DT": "01/01/0001 12:00:00 AM"}, ""),
        ({"TARGET_DT": "02/30/2015 01:00:00 AM"}, "TARGET_DT '02/30/2015"),
        ({"CLOSED_DT": "soon"}, "CLOSED_DT 'soon'"),
        ({"CLOSED_DT": "01/01/2015 01:00:00 PM"}, "closed 0:20:33 before it was opened"),
        ({"CASE_ENQUIRY_ID": "1"}, "case 1 is at a.csv:2 already"),
    ],
)
def test_a_bad_row_is_listed(
    write: Write, row: MakeRow, change: dict[str, str], reason: str
) -> None:
    """A row that is no request is listed with its place and the reason, the others are read."""
    opened = "01/01/2015 01:20:33 PM"
    bad = row("2", opened) | change
    read = read_folder(write("a.csv", row("1", opened), bad, row("3", opened)))
    if not reason:  # a year so early is no mistake of form: the server has the last word
        assert len(read.requests) == 3
        return
    assert [request.case for request in read.requests] == ["1", "3"]
    (remark,) = read.bad
    assert remark.place == "a.csv:4"
    assert reason in remark.text


def test_a_case_is_read_once_over_all_files(write: Write, row: MakeRow) -> None:
    """The same case in a second file is listed, with the place of the first."""
    write("a.csv", row("1", "01/01/2015 01:20:33 PM"))
    read = read_folder(write("b.csv", row("1", "01/02/2015 01:20:33 PM")))
    assert len(read.requests) == 1
    assert [(r.place, r.text) for r in read.bad] == [("b.csv:2", "case 1 is at a.csv:2 already")]


def test_clocks_that_disagree(write: Write, row: MakeRow) -> None:
    """A request that reads as closed some seconds before it was opened is closed as it was opened."""
    folder = write("a.csv", row("1", "07/10/2015 09:18:07 PM", "", "07/10/2015 09:17:25 PM"))
    read = read_folder(folder)
    (request,) = read.requests
    assert request.closed == request.opened
    assert [(r.place, "0:00:42" in r.text) for r in read.corrected] == [("a.csv:2", True)]


def test_files_that_are_none(write: Write, row: MakeRow) -> None:
    """A file without the columns, with torn rows or of other bytes is listed; others are read."""
    folder = write("good.csv", row("1", "01/01/2015 01:20:33 PM"))
    (folder / "empty.csv").write_bytes(b"")
    (folder / "other.csv").write_text("id,TYPE\n1,x\n", encoding="utf-8")
    (folder / "torn.csv").write_text(
        (folder / "good.csv").read_text(encoding="utf-8") + "only,three,fields\n", encoding="utf-8"
    )
    (folder / "bytes.csv").write_bytes((folder / "good.csv").read_bytes() + b"\xff\xfe\n")
    read = read_folder(folder)
    assert len(read.requests) == 1
    listed = {remark.place: remark.text for remark in read.bad}
    assert "lacks CASE_ENQUIRY_ID, OPEN_DT" in listed["empty.csv:1"]
    assert "lacks CASE_ENQUIRY_ID" in listed["other.csv:1"]
    assert listed["torn.csv:4"] == "3 fields instead of 20"
    assert any("cannot be read" in text for place, text in listed.items() if "bytes" in place)


def test_a_folder_without_files(tmp_path: Path) -> None:
    """A folder without CSV files is an error, not an import of nothing."""
    with pytest.raises(FileNotFoundError, match="no CSV file"):
        read_folder(tmp_path)
