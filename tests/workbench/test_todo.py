"""What runs out today, whatever clock it runs by."""

from __future__ import annotations

import re

from tests.workbench.town import SCHEME, SOURCE, TOWN, at

from envrules.model.events import Event, IssueFound
from envrules.workbench.desk import Desk
from envrules.workbench.todo import PendingAppeals, todo


def limits(desk: Desk) -> list[tuple[str, str]]:
    """The cases whose limits run out today, and when."""
    return [(one.issues, one.when) for one in todo(desk, PendingAppeals(desk), TOWN).limits]


def test_a_day_ends_at_24(desk: Desk) -> None:
    """A limit that ends at midnight (日产日清) is listed on the day that it ends."""
    assert limits(desk) == [("today", "2026-10-20 17:30")]
    of_the_day, changed = re.subn(
        "unit: working_days(.*原文只说及时整改.*always:) 3", r'unit: same_day\1 "24:00"',
        desk.in_force(TOWN, SCHEME).text,
    )  # fmt: skip
    assert changed == 1
    desk.runtime.publish(TOWN, SCHEME, "chief", text=of_the_day)
    found = [
        Event(f"on-{day}-found", at(f"2026-10-{day} 08:00"), IssueFound(
            f"on-{day}", "白色垃圾", "village", source="patrol", place_unit="v2",
        ), source=SOURCE)
        for day in (19, 20)
    ]  # fmt: skip
    receipts = desk.runtime.submit(TOWN, found, SOURCE)
    assert desk.runtime.wait_decided(TOWN, receipts[-1].seq, 30)
    assert limits(desk) == [("on-20", "2026-10-20 24:00")]
