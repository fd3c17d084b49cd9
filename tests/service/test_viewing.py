"""A period is read at one moment, however the projector goes on meanwhile."""

from __future__ import annotations

from tests.service.site import TOWN, Site, check, month_of_the_town
from tests.service.test_turns import context, host_of

from envrules.service.period_view import Question, viewing

JULY = Question("yunxi", TOWN, "2026-07")


def test_what_is_judged_meanwhile_is_not_in_it(site: Site) -> None:
    """All that a view shows is of one log entry, the one that it names; the next view shows more."""
    client, host = site.client(), host_of(site)
    client.submit("yunxi", month_of_the_town(), decided=True)

    def figures() -> list[str]:
        return [str(row.figure) for row in view.rows(view.score("monthly"))]

    with viewing(host, JULY, context()) as view:
        known, before = view.known_at, figures()
        late = check("c-late", "zhao", "2026-07-11 09:00", "三大堆")
        client.submit("yunxi", [late], decided=True)
        assert site.store.head("yunxi") == known  # this thread sees what the view sees
        assert figures() == before == ["100.00", "97.00", "60.00"]
        assert view.reading().known_at == known
        report = view.report()
        assert [s.points for s in report.scores[0].standings] == before
    assert site.store.head("yunxi") > known
    with viewing(host, JULY, context()) as view:
        assert view.known_at > known
        assert figures() == ["99.50", "97.00", "60.00"]
