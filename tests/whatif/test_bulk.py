"""The collector of cycles rests while very much is made, and only then."""

from __future__ import annotations

import gc
import threading

import pytest

from envrules.whatif.bulk import in_bulk


def test_it_rests_and_goes_on() -> None:
    """It rests until the last one inside is done, whatever ends that."""
    assert gc.isenabled()
    with in_bulk():
        with pytest.raises(KeyError), in_bulk():
            raise KeyError
        assert not gc.isenabled()
    assert gc.isenabled()


def test_threads_share_it() -> None:
    """Who is done first does not wake it for the others."""
    entered, leave = threading.Event(), threading.Event()

    def other() -> None:
        with in_bulk():
            entered.set()
            leave.wait(10)

    thread = threading.Thread(target=other)
    with in_bulk():
        thread.start()
        assert entered.wait(10)
    assert not gc.isenabled()
    leave.set()
    thread.join()
    assert gc.isenabled()


def test_who_has_turned_it_off_finds_it_off() -> None:
    """It is not turned on for somebody who had turned it off before."""
    gc.disable()
    try:
        with in_bulk():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
