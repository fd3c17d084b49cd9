"""Find plugins and hold them: built-in schemes, and distributions with an `envrules.schemes` entry."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

import pluggy

from envrules import hookspecs, plugins
from envrules.hook_process import HookProcess, Limits, PluginError, failure
from envrules.hookspecs import PROJECT, SchemeSource
from envrules.model.events import Event

ENTRY_POINTS = "envrules.schemes"
Classify = Callable[[Event], Event]

__all__ = ["ENTRY_POINTS", "Classify", "PluginError", "Plugins", "load_plugins"]


class Plugins:
    """The plugins in use: what schemes there are, and how each reads an event."""

    def __init__(self, manager: pluggy.PluginManager, limits: Limits) -> None:
        """`limits`: of the hooks that distributions bring; what we are given runs as it is."""
        self._manager, self._limits = manager, limits
        self.schemes: Mapping[str, SchemeSource] = _schemes(manager)
        self._processes: dict[str, HookProcess] = {}

    def classifier(self, scheme: str) -> Classify | None:
        """Return how the scheme's own plugin reads events; None if it takes them as they are."""
        hook = self.hook(scheme)
        if hook is None or not self._is_installed(scheme):
            return hook
        process = self._processes.setdefault(scheme, HookProcess(scheme, self._limits))
        return process.classify

    def hook(self, scheme: str) -> Classify | None:
        """Return the same as it runs in this process, with nothing to protect us from it."""
        if not any(hasattr(plugin, "envrules_classify") for plugin in self._own(scheme)):
            return None
        others = [p for p in self._manager.get_plugins() if _brings_another(p, scheme)]
        caller = self._manager.subset_hook_caller("envrules_classify", others)

        def classify(event: Event) -> Event:
            read: object = caller(scheme=scheme, event=event)
            if not isinstance(read, Event) or (read.id, read.occurred_at) != (
                event.id,
                event.occurred_at,
            ):
                raise failure(scheme, "must return the same event: its id and time stay")
            return read

        return classify

    def _own(self, scheme: str) -> list[object]:
        return [p for p in self._manager.get_plugins() if _brings(p, scheme)]

    def _is_installed(self, scheme: str) -> bool:
        """Return whether another process finds the scheme's plugin, too."""
        installed = [plugin for plugin, _ in self._manager.list_plugin_distinfo()]
        return any(mine is plugin for mine in self._own(scheme) for plugin in installed)


def load_plugins(*more: object) -> Plugins:
    """Return the built-in plugins, those of installed distributions, and `more`.

    Raises:
        PluginError: a hook has an unknown name or arguments, two plugins bring one scheme, or the
            environment's limits of hooks are none.
    """
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(hookspecs)
    for module in _builtin():
        manager.register(module, name=module.__name__)
    manager.load_setuptools_entrypoints(ENTRY_POINTS)
    for plugin in more:
        manager.register(plugin)
    with _explained():
        manager.check_pending()
        return Plugins(manager, Limits.given(os.environ))


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except pluggy.PluginValidationError as error:
        raise PluginError(f"a plugin does not fit envrules.hookspecs: {error}") from error


def _builtin() -> Iterator[ModuleType]:
    for info in iter_modules(plugins.__path__, f"{plugins.__name__}."):
        yield import_module(info.name)


def _schemes(manager: pluggy.PluginManager) -> dict[str, SchemeSource]:
    found: dict[str, SchemeSource] = {}
    for source in manager.hook.envrules_scheme():
        if source.slug in found:
            raise PluginError(
                f"two plugins bring the scheme {source.slug!r}: uninstall one of them"
            )
        found[source.slug] = source
    return dict(sorted(found.items()))


def _brings(plugin: object, slug: str) -> bool:
    declare = getattr(plugin, "envrules_scheme", None)
    return declare is not None and declare().slug == slug


def _brings_another(plugin: object, slug: str) -> bool:
    return hasattr(plugin, "envrules_scheme") and not _brings(plugin, slug)
