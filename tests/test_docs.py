"""The documentation of the hooks says what the code says."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pluggy
import pytest

from envrules import hookspecs
from envrules.hookspecs import PROJECT, hookimpl
from envrules.model.events import Event, IssueFound
from envrules.plugin_manager import PluginError, load_plugins
from envrules.plugins import defaults, liuhu

ROOT = Path(__file__).parent.parent
HOOKS = {n: f for n, f in vars(hookspecs).items() if n.startswith("envrules_")}


@pytest.mark.parametrize("name", HOOKS)
def test_every_hook_is_documented_with_its_signature(name: str) -> None:
    """docs/plugins.md has a section for each hook, with the exact signature."""
    text = (ROOT / "docs" / "plugins.md").read_text(encoding="utf-8")
    signature = str(inspect.signature(HOOKS[name])).replace("'", "")
    assert f"## `{name}`\n\n```python\n{name}{signature}\n```" in text


def test_no_hook_is_documented_that_does_not_exist() -> None:
    """docs/plugins.md describes no other hooks."""
    text = (ROOT / "docs" / "plugins.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^## `(\w+)`", text, re.MULTILINE)) == set(HOOKS)


def test_every_hook_has_a_default_user() -> None:
    """Each hook is implemented by a plugin that ships with the package."""
    shipped = vars(defaults).keys() | vars(liuhu).keys()
    assert HOOKS.keys() <= shipped


def test_unknown_hook_is_refused() -> None:
    """A plugin with a hook of an unknown name does not load."""

    class Misspelt:
        @hookimpl
        def envrules_clasify(self) -> None:
            """Not a hook."""

    with pytest.raises(PluginError, match="envrules_clasify"):
        load_plugins(Misspelt())


def test_two_plugins_of_one_scheme_are_refused() -> None:
    """A scheme has one plugin."""

    class Again:
        @hookimpl
        def envrules_scheme(self) -> hookspecs.SchemeSource:
            return hookspecs.SchemeSource("liuhu", Path("liuhu.yaml"))

    with pytest.raises(PluginError, match="liuhu"):
        load_plugins(Again())


class Litter:
    """A plugin that calls all waste by one name."""

    @hookimpl
    def envrules_scheme(self) -> hookspecs.SchemeSource:
        return hookspecs.SchemeSource("litter", Path("litter.yaml"))

    @hookimpl
    def envrules_classify(self, scheme: str, event: Event) -> Event | None:
        assert scheme == "litter"
        return Event(event.id, event.occurred_at, IssueFound("GD-1", category="垃圾"))


def test_only_a_scheme_s_own_plugin_reads_its_events() -> None:
    """classify is asked of the scheme's own plugin; a scheme without one takes events as they are."""
    plugins = load_plugins(Litter())
    classify = plugins.classifier("litter")
    assert classify is not None
    event = Event("e1", 0, IssueFound("GD-1", category="纸屑"))
    read = classify(event)
    assert isinstance(read.payload, IssueFound)
    assert read.payload.category == "垃圾"
    assert plugins.classifier("liuhu") is None
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(defaults)
    assert manager.hook.envrules_classify(scheme="liuhu", event=event) == event
