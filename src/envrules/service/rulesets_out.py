"""Rulesets, revisions and their differences as messages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from envrules import calendar as cal
from envrules.errors import Problem
from envrules.kinds.compiled import Parameter, Value, plain
from envrules.model.entries import Published
from envrules.ruleset.diff import Change
from envrules.ruleset.overrides import Overrides
from envrules.runtime.library import Revision
from envrules.service.shelf import Ruleset
from envrules.v1 import rulesets_pb2 as pb
from envrules.wire.decisions_out import optional_timestamp


def overrides_out(overrides: Overrides) -> Iterator[pb.ParameterOverride]:
    """Yield the messages of a locality's overrides."""
    for name, values in overrides.items():
        yield pb.ParameterOverride(
            parameter=name,
            values=(pb.DatedValue(since=since, value=value) for since, value in values.items()),
        )


def ruleset_out(ruleset: Ruleset, *, files: bool = False) -> pb.Ruleset:
    """Return the message of a ruleset, with its files if asked."""
    scheme, source = ruleset.scheme, ruleset.source
    return pb.Ruleset(
        scheme=scheme.slug, title=scheme.title, revision=scheme.revision, timezone=scheme.timezone,
        parameters=(
            _parameter(parameter, name in source.overrides)
            for name, parameter in scheme.parameters.items()
        ),
        scores=sorted(score.id for score in scheme.scores),
        files=[pb.RulesetFile(path=source.file, text=source.text)] if files else (),
        code_table=_code_table(source) if files else None,
    )  # fmt: skip


def _code_table(source: Revision) -> pb.RulesetFile | None:
    table = source.codes
    return None if table is None else pb.RulesetFile(path=table.file, text=table.text)


def _parameter(parameter: Parameter, overridden: bool) -> pb.Parameter:
    citation = parameter.dated.citation
    return pb.Parameter(
        parameter=parameter.name, title=citation.title, unit=parameter.unit, ref=citation.ref,
        not_from_source=citation.not_from_source,
        values=(
            pb.DatedValue(since=held.since, value=_written(held.value))
            for held in parameter.dated.all()
        ),
        location=citation.location, overridden=overridden,
    )  # fmt: skip


def _written(value: Value) -> str:
    """Return a value as YAML has it."""
    match value:
        case bool():
            return "true" if value else "false"
        case Decimal():
            return plain(value)
        case cal.Duration():
            return value.cut_off or plain(value.amount)
        case _:
            return value


def problems_out(problems: Iterable[Problem]) -> Iterator[pb.RulesetProblem]:
    """Yield the messages of what is wrong with a ruleset."""
    for problem in problems:
        yield pb.RulesetProblem(
            file=problem.file, line=problem.line, column=problem.col, code=problem.code,
            message=problem.message, fix=problem.fix,
        )  # fmt: skip


def changes_out(changes: Iterable[Change]) -> Iterator[pb.RulesetChange]:
    """Yield the messages of what differs between two rulesets."""
    for change in changes:
        yield pb.RulesetChange(
            path=change.path, title=change.title, since=change.since, before=change.before,
            after=change.after, words=str(change),
        )  # fmt: skip


def codes_file(source: Revision) -> str:
    """Return the file of the code table that is part of a revision; '' if there is none."""
    return source.codes.file if source.codes is not None else ""


def published_out(published: Published, seq: int, source: Revision) -> pb.PublishedRevision:
    """Return the message of a publication: as the log has it, and what was published."""
    return pb.PublishedRevision(
        scheme=published.scheme, revision=published.revision,
        overrides=overrides_out(published.overrides),
        published_at=optional_timestamp(published.at or None), published_by=published.by,
        reason=published.reason, seq=seq, code_table=codes_file(source),
    )  # fmt: skip
