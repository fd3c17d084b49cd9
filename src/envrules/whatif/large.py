"""A what-if over a log file that is too large to replay: figures only, and it says so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from envrules import calendar as cal
from envrules.model.entries import Published, Tick, decode_entry
from envrules.plugin_manager import Plugins
from envrules.ruleset.overrides import Overrides
from envrules.runtime.library import Revision
from envrules.whatif.columnar import SIGHTINGS, is_columnar
from envrules.whatif.figures import reckon
from envrules.whatif.model import Answer, Part, Question, Row
from envrules.whatif.parquet import polars, read_header
from envrules.whatif.prepared import Tried, changed, compiled, merged
from envrules.whatif.reach import moved_parameters, readers
from envrules.whatif.replay import periods


def simulate_figures(
    file: Path, plugins: Plugins, question: Question, overrides: Overrides, *,
    text: str = "", name: str = "",
) -> Answer:  # fmt: skip
    """Return how points, bands, ranks and lists would differ, for every score that has columns.

    Args:
        file: a log file of `parquet.export_log`.
        plugins: the installed schemes.
        question: scheme and periods.
        overrides: the locality's own values to try.
        text: the ruleset to try; the one in force if empty.
        name: its file name.

    Raises:
        BadLog: it is no log file.
        KeyError: the log has not published the scheme.
        RulesetError: the ruleset or a value is not good.
    """
    pl = polars()
    header, log = read_header(file), pl.scan_parquet(file)
    seqs = log.select(pl.col("seq").max()).collect().item()
    few = log.filter(pl.col("kind").is_in(["published", "tick"])).select("payload").collect()
    entries = [decode_entry(payload) for (payload,) in few.iter_rows()]
    named = [
        e.revision for e in entries if isinstance(e, Published) and e.scheme == question.scheme
    ]
    if not named:
        raise KeyError(question.scheme)
    sources = {(r.scheme, r.revision): r.source for r in header.revisions}
    own = sources[question.scheme, named[-1]]
    before = compiled(plugins, question.scheme, own)
    after = compiled(plugins, question.scheme, Revision(
        name or own.file, text or own.text, merged(own.overrides, overrides), own.codes
    ))  # fmt: skip
    now = max((e.now for e in entries if isinstance(e, Tick)), default=0)
    rows, parts = _compared(log, before, after, question, now, header.locality)
    return Answer(
        header.locality, question, before.scheme.revision, after.scheme.revision, seqs,
        changes=changed(before, after), rows=tuple(rows), parts=tuple(parts),
    )  # fmt: skip


def _compared(
    log: Any, before: Tried, after: Tried, question: Question, now: int, locality: str
) -> tuple[list[Row], list[Part]]:
    pl = polars()
    seen = log.filter(pl.col("type").is_in(SIGHTINGS)).select(pl.col("occurred_at").min())
    begun = seen.collect().item()
    rows: list[Row] = []
    parts: list[Part] = []
    asked = list(periods(before.scheme, question, begun or 0, now)) if begun is not None else []
    same = _only_thresholds(before, after)
    for score in before.scheme.scores:
        other = next((s for s in after.scheme.scores if s.id == score.id), None)
        if other is None or not (
            is_columnar(before.scheme, score) and is_columnar(after.scheme, other)
        ):
            parts.append(Part(score.id, "left_out", 0))
            continue
        own = [p for p in asked if cal.period_kind(p) == score.period]
        old = reckon(log, before.scheme, score, question, own, locality)
        new = old if same else reckon(log, after.scheme, other, question, own, locality)
        rows += old.compared(new, after.scheme)
        parts.append(Part(score.id, "columnar", old.columnar))
        if len(old.known) > old.columnar:
            parts.append(Part(score.id, "exact", len(old.known) - old.columnar))
    return rows, parts


def _only_thresholds(before: Tried, after: Tried) -> bool:
    """Return whether nothing differs but parameters that bands and lists alone read."""
    names = moved_parameters(c.path for c in changed(before, after))
    return names is not None and all(
        path[0] in ("bands", "lists") for path in readers(before.loaded(), names)
    )
