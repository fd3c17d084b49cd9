"""Rulesets that callers send or name: overrides, texts, revisions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from google.protobuf.message import Message

from envrules.model.values import ALWAYS
from envrules.ruleset.characters import MAX_BYTES
from envrules.ruleset.check import SUFFIXES
from envrules.ruleset.check_values import is_date
from envrules.ruleset.codes import CodeTableText
from envrules.ruleset.overrides import Overrides
from envrules.service.fields import ID, Fields
from envrules.service.shelf import LATEST, Ruleset, Shelf
from envrules.v1 import rulesets_pb2 as pb
from envrules.wire.problems import shown


@dataclass(frozen=True)
class GivenCodes:
    """What a caller says about the table of the host's codes; by default nothing."""

    given: bool = False
    table: CodeTableText | None = None
    """None, if given: there is to be no table."""


@dataclass(frozen=True)
class Source:
    """A ruleset that a caller means: a revision, or a text of its own."""

    revision: str = ""
    text: str = ""
    file: str = ""

    @property
    def is_exact(self) -> bool:
        """Whether a revision is meant just as it was published."""
        return self.revision not in ("", LATEST)

    def found(self, shelf: Shelf, scheme: str, overrides: Overrides, codes: GivenCodes) -> Ruleset:
        """Return it, with these overrides and codes.

        A revision is taken with its own ones unless there are others, so that an earlier one can
        be put back just as it was.

        Raises:
            Refusal: NOT_FOUND.
            RulesetError: it is not good.
        """
        if self.file:
            return shelf.tried(scheme, self.text, self.file, overrides, codes.table)
        found = shelf.with_overrides(shelf.revision(scheme, self.revision), overrides)
        return shelf.with_codes(found, codes.table) if codes.given else found


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
    if name and (_leads_out(name) or PurePosixPath(name).name != f"{scheme}.yaml"):
        fields.contradict(
            f"{here}.path", f"must be {scheme}.yaml, in any folder below the ruleset's",
            f"文件名应为 {scheme}.yaml",
        )  # fmt: skip
    _check_size(here, file, fields)
    return file.text, name


def codes_in(request: Message, fields: Fields) -> GivenCodes:
    """Return what the field `code_table` of a request says."""
    if not request.HasField("code_table"):
        return GivenCodes()
    file: pb.RulesetFile = request.code_table  # type: ignore[attr-defined]
    if not file.text:
        return GivenCodes(given=True)
    name = str(fields.take("code_table.path", ID, file.path))
    if name and (_leads_out(name) or PurePosixPath(name).suffix not in SUFFIXES):
        fields.contradict(
            "code_table.path", "must be a relative path that ends in .yaml, without ..",
            "应为 .yaml 文件的相对路径",
        )  # fmt: skip
    _check_size("code_table", file, fields)
    return GivenCodes(given=True, table=CodeTableText(name, file.text))


def _leads_out(name: str) -> bool:
    parts = PurePosixPath(name)
    return parts.is_absolute() or ".." in parts.parts


def _check_size(path: str, file: pb.RulesetFile, fields: Fields) -> None:
    size = len(file.text.encode())
    if size > MAX_BYTES:
        fields.refuse(f"{path}.text", "TOO_LONG", length=size, limit=MAX_BYTES)
