"""An outage of the store is told once when it begins and once when it is over."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from envrules.runtime import leases
from envrules.runtime.leases import Leases
from envrules.runtime.outage import Outage
from envrules.store import Store

log = logging.getLogger(__name__)
GONE = OperationalError("select 1", {}, Exception("server closed the connection\nand more"))


def test_an_outage_has_two_lines(caplog: pytest.LogCaptureFixture) -> None:
    """However often the store fails, there is a line when it begins and one when it is over."""
    caplog.set_level(logging.INFO)
    outage = Outage((OperationalError,), log, "counting")
    outage.over()
    for _ in range(2):
        numbers = {outage.begin(GONE) for _ in range(5)}
        outage.tell(GONE)
        outage.over()
        outage.over()
        (number,) = numbers
        begin, end = (record.getMessage() for record in caplog.records)
        assert begin.startswith(f"incident {number}, counting: the store cannot be used")
        assert "server closed the connection" in begin
        assert "and more" not in begin
        assert end == f"incident {number}, counting: the store can be used again"
        assert not any(record.exc_info for record in caplog.records)
        caplog.clear()


def test_what_is_no_outage_is_told_in_full(caplog: pytest.LogCaptureFixture) -> None:
    """A fault of ours has its traceback, each time."""
    outage = Outage((OperationalError,), log, "counting")
    for _ in range(2):
        outage.tell(ZeroDivisionError("ours"))
    assert [record.exc_info is not None for record in caplog.records] == [True, True]


def test_leases_that_cannot_be_renewed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """While no lease can be renewed it is tried again and again, and told in one line."""
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(leases, "_RENEW_SECONDS", 0.01)
    tries, renewed = 0, threading.Event()

    def renew(*_: object) -> None:
        nonlocal tries
        tries += 1
        if tries < 10:
            raise GONE
        if tries > 10:  # and so the first that went well has been told of
            renewed.set()

    with Store.open(f"sqlite:///{tmp_path / 'envrules.db'}") as store:
        store.create_locality("yunxi", "云溪镇", "Asia/Shanghai", 0)
        monkeypatch.setattr(store, "renew", renew)
        with Leases(store) as kept:
            assert kept.take("yunxi") is not None
            assert renewed.wait(60)
    told = [record for record in caplog.records if record.name == leases.__name__]
    assert [record.levelname for record in told] == ["ERROR", "INFO"]
    assert not any(record.exc_info for record in told)
