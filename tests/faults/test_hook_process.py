"""A third party's hook may do what it likes: its caller is answered, and can ask again."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # it comes without types
import pytest
from tests.faults import rogue

from envrules.hook_process import MEBIBYTES, SECONDS, HookProcess, Limits
from envrules.model.events import Event, Inspection
from envrules.plugin_manager import PluginError, Plugins, load_plugins

PATIENT = 600.0


def asked_to(organ: str, event_id: str = "e") -> Event:
    """An event that tells the plugin what to do."""
    return Event(event_id, 1, Inspection("I", "zhao", "patrol", organ=organ), seq=9)


@pytest.fixture
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plugins:
    """All plugins, the rogue one among them."""
    monkeypatch.syspath_prepend(rogue.install(tmp_path / "plugin"))
    monkeypatch.setenv(SECONDS, str(PATIENT))
    monkeypatch.setenv(MEBIBYTES, "400")
    return load_plugins()


def test_a_hook_runs_elsewhere(plugins: Plugins) -> None:
    """The hook answers from another process, the same for the same event, whatever it prints."""
    classify = plugins.classifier(rogue.SCHEME)
    assert classify is not None
    read = classify(asked_to("prints"))
    assert int(read.source) in {child.pid for child in psutil.Process().children()}
    assert (read.id, read.seq) == ("e", 9)
    assert classify(asked_to("reads")).source == read.source
    assert classify(asked_to("leaves it")) == asked_to("leaves it")
    assert classify(asked_to("renumbers", "e2")).seq == 9
    own = plugins.hook(rogue.SCHEME)
    assert own is not None
    assert own(asked_to("")).source == str(os.getpid())


@pytest.mark.parametrize(
    ("organ", "says"),
    [
        ("raises", "raises LookupError: no such district"),
        ("exits", "raises SystemExit: bye"),
        ("dies", "ended its process (exit code 3)"),
        ("crashes", "killed its process (SIGSEGV)"),
        ("eats", "needs more than 400 MiB"),
        ("answers a text", "must return the same event"),
        ("renames", "must return the same event"),
        ("antedates", "must return the same event"),
        ("answers half an event", "does not return an event"),
    ],
)
def test_a_failure_is_told_and_the_next_call_answered(
    plugins: Plugins, organ: str, says: str
) -> None:
    """Whatever becomes of one call, it says which plugin failed and how; the next one is answered."""
    classify = plugins.classifier(rogue.SCHEME)
    assert classify is not None
    before = classify(asked_to("")).source
    with pytest.raises(PluginError) as failed:
        classify(asked_to(organ))
    assert str(failed.value).startswith(f"plugin of {rogue.SCHEME}: envrules_classify ")
    assert says in str(failed.value)
    assert classify(asked_to("", "e2")).source != before
    assert not psutil.pid_exists(int(before))


@pytest.mark.usefixtures("plugins")
@pytest.mark.parametrize("organ", ["hangs", "hangs for good"])
def test_a_call_that_hangs_is_ended(organ: str) -> None:
    """A call that takes longer than it may is ended, even if the plugin does not heed the alarm."""
    process = HookProcess(rogue.SCHEME, Limits(seconds=2.0))
    with pytest.raises(PluginError, match="took longer than 2 s"):
        process.classify(asked_to(organ))
    assert process.classify(asked_to("")).id == "e"


@pytest.mark.usefixtures("plugins")
def test_the_process_goes_with_its_owner() -> None:
    """Nothing is left running when nobody asks any more."""
    process = HookProcess(rogue.SCHEME, Limits(seconds=PATIENT))
    worker = int(process.classify(asked_to("")).source)
    del process
    gc.collect()
    assert not psutil.pid_exists(worker)


@pytest.mark.parametrize("value", ["soon", "0", "-1", "inf", "nan"])
def test_limits_are_numbers(value: str) -> None:
    """A limit that is none is refused, by its name."""
    with pytest.raises(PluginError, match=SECONDS):
        Limits.given({SECONDS: value})
    assert Limits.given({MEBIBYTES: "64"}) == Limits(5.0, 64)
