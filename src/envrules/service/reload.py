"""Hot reload: a folder of rulesets is watched, and its good edits become candidates.

Editors write in pieces, and some write a new file and rename it. So nobody is asked what happened:
once the folder has been at rest for a moment, every file is compared with what was last read of
it, read once, checked whole, and only then used. A bad edit changes nothing but what is told of it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

from watchfiles import watch

from envrules.engine.kept import Binding
from envrules.errors import Problem, RulesetError, errors_in
from envrules.ruleset.check import check_text, read_text, ruleset_files
from envrules.runtime.library import shown
from envrules.runtime.outage import Outage
from envrules.service.candidates import Candidate, Candidates
from envrules.service.host import Host
from envrules.service.publishing import Publication, Publisher
from envrules.service.status import Refusal

log = logging.getLogger(__name__)

BY = "serve"
"""Principal under which the server itself publishes."""
_LOOK_EVERY = 2_000
"""Milliseconds after which to look even if nobody said that anything happened."""
_STEP = 100
"""Milliseconds between two looks at what the operating system tells."""

_Files: TypeAlias = dict[str, tuple[Path, tuple[int, int, int]]]
"""By scheme: its file, and what differs once that was written to."""
_Read: TypeAlias = str | tuple[Problem, ...]
"""The text of a file, or why it cannot be read."""


class Reloader:
    """Watches one folder for a server, on a thread of its own."""

    def __init__(self, host: Host, folder: Path) -> None:
        self._host, self._folder = host, folder
        self._candidates, self._publisher = Candidates(host), Publisher(host)
        failures = host.runtime.store.failures
        self._outage = Outage(failures, log, f"watching {folder}")
        self._seen: _Files = {}
        self._texts: dict[str, _Read] = {}
        """What was last read of each file, so that a mere touch is no edit."""
        self._unoffered: set[str] = set()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="envrules-reload", daemon=True)

    def start(self) -> None:
        """Read what is there, then go on by itself."""
        self._seen = self._signatures()
        for scheme, (path, _) in self._seen.items():
            self._use(scheme, path, _read(path), at_start=True)
        self._offer_all()
        self._thread.start()

    def stop(self) -> None:
        """Watch no more."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                for _ in watch(
                    self._folder, stop_event=self._stopping, step=_STEP, debounce=_STEP,
                    rust_timeout=_LOOK_EVERY, yield_on_timeout=True, recursive=False,
                ):  # fmt: skip
                    self._look()
                    self._outage.over()
            except Exception as error:
                # The folder is gone for a moment, or the store is: what serves, serves on.
                self._outage.tell(error)
                self._stopping.wait(5.0)

    # ── reading ──

    def _look(self) -> None:
        """Read what was edited, once the folder is at rest, and offer it to the localities."""
        now = self._signatures()
        while now != self._seen:
            if self._stopping.wait(self._host.config.settle_seconds):
                return
            before, now = now, self._signatures()
            if now == before:
                texts = {k: _read(path) for k, (path, _) in now.items() if self._is_new(k, now)}
                now = self._signatures()
                if now == before:  # nobody wrote while we read
                    self._take(now, texts)
        self._offer_all()

    def _is_new(self, scheme: str, now: _Files) -> bool:
        return self._seen.get(scheme) != now[scheme]

    def _take(self, now: _Files, texts: Mapping[str, _Read]) -> None:
        for scheme in self._seen.keys() - now.keys():
            log.warning("the file of %s is gone; what it said last serves on", scheme)
            self._host.watched.gone(scheme)
            self._texts.pop(scheme, None)
        self._seen = now
        for scheme, text in texts.items():
            if text != self._texts.get(scheme):
                self._use(scheme, now[scheme][0], text)

    def _use(self, scheme: str, path: Path, read: _Read, *, at_start: bool = False) -> None:
        """Put a text on the shelf, or note what is wrong with it."""
        self._texts[scheme] = read
        file = shown(path)
        problems = self._put(scheme, read, file) if isinstance(read, str) else list(read)
        if problems and at_start:
            self._host.shelf.put(scheme, None)
        # Whoever reads of it in the status finds it in the log.
        for problem in problems:
            log.error("refused, the last good revision serves on: %s", problem)
        note = self._host.watched.found if at_start else self._host.watched.edited
        note(scheme, file, self._host.runtime.clock(), problems)
        if not problems:
            self._unoffered.add(scheme)

    def _put(self, scheme: str, text: str, file: str) -> list[Problem]:
        try:
            if problems := errors_in(check_text(text, file)):
                return problems
            self._host.shelf.put(scheme, self._host.shelf.tried(scheme, text, file, {}))
        except RulesetError as error:
            return list(error.problems)
        return []

    def _signatures(self) -> _Files:
        """Return the ruleset files by scheme, each with what changes when it is written."""
        found: _Files = {}
        for scheme, path in ruleset_files(self._folder).items():
            with suppress(FileNotFoundError):  # renamed just now
                stat = path.stat()
                found[scheme] = (path, (stat.st_ctime_ns, stat.st_size, stat.st_ino))
        return found

    # ── offering ──

    def _offer_all(self) -> None:
        """Offer each good edit to the localities that its scheme judges; again if that failed."""
        for scheme in sorted(self._unoffered):
            done = True
            for row in self._host.runtime.store.localities():
                binding = self._host.runtime.locality(row.id)[2].bindings.get(scheme)
                if binding is not None:
                    done &= self._offer(row.id, binding)
            if done:
                self._unoffered.discard(scheme)

    def _offer(self, locality: str, binding: Binding) -> bool:
        """Publish the candidate of a locality, or tell that it waits; return whether that is all.

        Whatever else fails here concerns this locality alone, and is tried again.
        """
        try:
            candidate = self._candidates.of(binding)
            if candidate is not None:
                self._decide(locality, candidate)
        except RulesetError as error:
            for problem in error.problems:
                log.error("%s: refused, what is in force serves on: %s", locality, problem)
        except Refusal as refusal:
            log.warning("%s: %s: %s", locality, refusal.reason, refusal)
            return False
        except Exception:
            log.exception("%s: cannot publish %s, trying again", locality, binding.scheme)
            return False
        return True

    def _decide(self, locality: str, candidate: Candidate) -> None:
        scheme, revision = candidate.scheme, candidate.revision
        if self._host.config.publish == "auto" and not candidate.retroactive:
            ruleset = self._host.shelf.revision(scheme, revision)
            done = self._publisher.publish(Publication(
                locality, ruleset, keeps_codes=False, by=BY,
                reason=f"{ruleset.source.file} was edited", retroactive=False,
                expected=candidate.in_force, validate_only=False,
            ))  # fmt: skip
            log.info("%s: %s %s judges from log entry %d", locality, scheme, revision, done.seq)
            return
        more = " with --retroactive: it changes values dated before today" if (
            candidate.retroactive
        ) else ""  # fmt: skip
        log.info(
            "%s: %s %s is a candidate, %d changes; publish it with --revision %s%s", locality,
            scheme, revision, len(candidate.changes), revision[:8], more,
        )  # fmt: skip


def _read(path: Path) -> _Read:
    try:
        return read_text(path)
    except RulesetError as error:
        return error.problems
