"""Rulesets that callers send or name: overrides, texts, revisions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from envrules.model.values import ALWAYS
from envrules.ruleset.characters import MAX_BYTES
from envrules.ruleset.check_values import is_date
from envrules.ruleset.overrides import Overrides
from envrules.service.fields import ID, Fields
from envrules.service.shelf import Ruleset, Shelf
from envrules.v1 import rulesets_pb2 as pb
from envrules.wire.problems import shown


@dataclass(frozen=True)
class Source:
    """A ruleset that a caller means: a revision, or a text of its own."""

    revision: str = ""
    text: str = ""
    file: str = ""

    def found(self, shelf: Shelf, scheme: str, overrides: Overrides) -> Ruleset:
        """Return it, with these overrides.

        A revision is taken with its own overrides unless there are others, so that an earlier
        one can be put back just as it was.

        Raises:
            Refusal: NOT_FOUND.
            RulesetError: it is not good.
        """
        if self.file:
            return shelf.tried(scheme, self.text, self.file, overrides)
        return shelf.with_overrides(shelf.revision(scheme, self.revision), overrides)


def source_in(path: str, given: pb.RulesetSource, scheme: str, fields: Fields) -> Source:
    """Return the ruleset that a field means."""
    match given.WhichOneof("source"):
        case "revision":
            return Source(str(fields.take(f"{path}.revision", ID, given.revision)))
        case "files":
            text, file = text_in(f"{path}.files", given.files, scheme, fields)
            return Source(text=text, file=file)
        case _:
            fields.refuse(f"{path}.source", "REQUIRED")
            return Source()


def overrides_in(path: str, given: Sequence[pb.ParameterOverride], fields: Fields) -> Overrides:
    """Return a locality's overrides as the library takes them."""
    overrides: dict[str, dict[str, str]] = {}
    for i, item in enumerate(given):
        here = f"{path}[{i}]"
        name = str(fields.take(f"{here}.parameter", ID, item.parameter))
        if name in overrides:
            fields.refuse(f"{here}.parameter", "REPEATED", value=shown(name))
        values = overrides.setdefault(name, {})
        if not item.values:
            fields.refuse(f"{here}.values", "REQUIRED")
        for k, dated in enumerate(item.values):
            _dated(f"{here}.values[{k}]", dated, values, fields)
    return overrides


def _dated(path: str, dated: pb.DatedValue, values: dict[str, str], fields: Fields) -> None:
    if dated.since != ALWAYS and not is_date(dated.since):
        why = "write always, or a day that exists as 2026-12-01"
        fields.refuse(f"{path}.since", "BAD_TIME", value=shown(dated.since), why=why)
    if dated.since in values:
        fields.refuse(f"{path}.since", "REPEATED", value=shown(dated.since))
    values[dated.since] = str(fields.take(f"{path}.value", ID, dated.value))


def text_in(path: str, files: pb.RulesetFiles, scheme: str, fields: Fields) -> tuple[str, str]:
    """Return the text of a ruleset and its file's name. This release reads one file."""
    if not files.files:
        fields.refuse(f"{path}.files", "REQUIRED")
        return "", ""
    if len(files.files) > 1:
        fields.refuse(f"{path}.files", "TOO_MANY", length=len(files.files), limit=1)
    (file, here) = (files.files[0], f"{path}.files[0]")
    name = str(fields.take(f"{here}.path", ID, file.path))
    parts = PurePosixPath(name)
    if name and (parts.is_absolute() or ".." in parts.parts or parts.name != f"{scheme}.yaml"):
        fields.contradict(
            f"{here}.path", f"must be {scheme}.yaml, in any folder below the ruleset's",
            f"文件名应为 {scheme}.yaml",
        )  # fmt: skip
    size = len(file.text.encode())
    if size > MAX_BYTES:
        fields.refuse(f"{here}.text", "TOO_LONG", length=size, limit=MAX_BYTES)
    return file.text, name
