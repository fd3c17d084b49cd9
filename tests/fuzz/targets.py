"""What is fuzzed: each target takes bytes, and raises where a promise is broken.

A target allows only the errors that its code documents: whatever else is raised fails the run.
"""

from __future__ import annotations

import io
import tempfile
import zipfile
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from openpyxl import Workbook
from tests.codes.tables import TABLE, loaded
from tests.fuzz.installation import OTHER, OWN, Installation
from tests.security.requests import REQUESTS

from envrules.errors import RulesetError, errors_in
from envrules.excel.limits import Reading
from envrules.excel.problems import NoWorkbook, WorkbookError
from envrules.excel.sheets import read_sheets
from envrules.excel.standards import read_standard
from envrules.excel.tables_in import changed_text
from envrules.excel.tables_out import tables_workbook
from envrules.resources import rulesets_dir
from envrules.ruleset.characters import decode
from envrules.ruleset.check import check_text
from envrules.ruleset.check_codes import check_codes_text
from envrules.ruleset.codes import CodeTableText, load_codes
from envrules.ruleset.compile import compile_ruleset
from envrules.ruleset.load import load_ruleset
from envrules.service.admission import PACKAGE
from envrules.service.fields import Fields
from envrules.service.paging import Cursor, next_token, position
from envrules.service.principal import Principals
from envrules.service.refreshed import BadFile
from envrules.service.status import Refusal
from envrules.service.tokens import read_tokens
from envrules.service.unknown_out import Listed


class Target(ABC):
    """Something that takes bytes from strangers."""

    name: str

    def __init__(self) -> None:
        self.ended: Counter[str] = Counter()
        """How the inputs ended, by name."""

    @abstractmethod
    def seeds(self) -> Iterator[bytes]:
        """Yield inputs that get far, to begin from."""

    @abstractmethod
    def take(self, data: bytes) -> str:
        """Take an input; return how it ended."""

    def one(self, data: bytes) -> None:
        """Take an input, and count how it ended."""
        self.ended[self.take(data)] += 1

    def close(self) -> None:
        """Leave nothing behind."""
        self.ended.clear()


class Wire(Target):
    """The bytes of every request, with good and bad metadata: the whole path but the network.

    The first byte chooses the call and the second one who makes it.
    """

    name = "wire"
    _RENEW = 20_000
    """Inputs after which the installation is replaced: some of them do store something."""

    def __init__(self) -> None:
        super().__init__()
        self._taken = 0
        self._service = Installation()

    def seeds(self) -> Iterator[bytes]:
        """Yield a good request of every call, about either locality, by every caller."""
        for name, request in REQUESTS.items():
            first = self._service.methods.index(f"{PACKAGE}{name}")
            for locality in (OWN, OTHER, ""):
                for caller in range(3):
                    yield bytes([first, caller]) + request(locality).SerializeToString()

    def take(self, data: bytes) -> str:
        """Make the call."""
        if len(data) < 2:
            return "too short"
        self._taken += 1
        if self._taken % self._RENEW == 0:
            assert self._service.logs_are_sound()
            self._service.close()
            self._service = Installation()
        service = self._service
        method = service.methods[data[0] % len(service.methods)]
        token = (service.own, service.reader, service.root)[data[1] % 3]
        return service.call(method, data[2:], (("authorization", f"Bearer {token}"),))

    def close(self) -> None:
        """Stop the installation."""
        self._service.close()


class Door(Target):
    """Metadata: whatever is shown, it opens nothing, and everybody is told the same."""

    name = "door"

    def __init__(self) -> None:
        super().__init__()
        self._service = Installation()
        self._reasons = {"TOKEN_MISSING", "BAD_TOKEN", "BAD_PRINCIPAL"}

    def seeds(self) -> Iterator[bytes]:
        """Yield tokens as they look, and what looks nearly like one."""
        good = self._service.reader
        for text in (
            f"Bearer {good}",
            good,
            f"bearer {good[:-1]}",
            "Basic eDp5",
            f"Bearer {good} ",
        ):
            yield text.encode()
            yield text.encode() + b"\0envrules-principal=reader"

    def take(self, data: bytes) -> str:
        """Show what stands before a zero byte as authorization, and the rest as other metadata."""
        shown, _, rest = data.partition(b"\0")
        metadata = [("authorization", shown.decode("latin-1"))] if shown else []
        for pair in filter(None, rest.split(b"\0")):
            key, _, value = pair.decode("latin-1").partition("=")
            metadata.append((key, value))
        principals: Principals = self._service._security.principals
        try:
            ended = principals.identify(metadata).principal
        except Refusal as refusal:
            ended = refusal.reason
        secret = self._service.reader.split("_", 2)[2]
        assert ended in self._reasons or secret in metadata[0][1], "a token was made up"
        return ended

    def close(self) -> None:
        """Stop the installation."""
        self._service.close()


class RulesetText(Target):
    """A ruleset as text: checked, loaded and compiled as a server does with one that is sent."""

    name = "ruleset"

    def seeds(self) -> Iterator[bytes]:
        """Yield the shipped rulesets, and each of their sections alone."""
        for path in sorted(rulesets_dir().glob("*.yaml")):
            text = path.read_bytes()
            yield text
            yield text[:2000]

    def take(self, data: bytes) -> str:
        """Check it; compile what is good."""
        with suppress(RulesetError):
            decode(data, "town_deduction.yaml")
        text = data.decode("utf-8", "replace")
        problems = errors_in(check_text(text, "town_deduction.yaml"))
        if problems:
            return problems[0].code
        compile_ruleset(load_ruleset(text, "town_deduction.yaml"), "revision")
        return "good"


class CodesText(Target):
    """A table of a host's codes as text."""

    name = "codes"

    def __init__(self) -> None:
        super().__init__()
        self._spec = loaded().spec

    def seeds(self) -> Iterator[bytes]:
        """Yield a good table."""
        yield TABLE.encode()

    def take(self, data: bytes) -> str:
        """Check it; load what is good."""
        table = CodeTableText("town.codes.yaml", data.decode("utf-8", "replace"))
        problems = errors_in(check_codes_text(table, self._spec))
        try:
            load_codes(table)
        except RulesetError:
            assert problems
        return problems[0].code if problems else "good"


class _Sheets(Target):
    """A file that is brought in as a standard and as a workbook of parameters."""

    suffix: str

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory(prefix="envrules-fuzz-")
        self._file = Path(self._folder.name) / f"x{self.suffix}"
        self._ruleset = loaded()

    def read(self, raw: bytes) -> str:
        """Bring it in both ways."""
        self._file.write_bytes(raw)
        try:
            sheets = read_sheets(self._file)
        except NoWorkbook as error:
            said = str(error)
            sheets = []
        else:
            said = ""
        if said:
            assert "\n" not in said
            return "no workbook"
        read_standard(sheets, Reading("working_days", "working_hours"))
        with suppress(WorkbookError):
            changed_text(self._ruleset, sheets)
        return "read"

    def close(self) -> None:
        """Remove the file."""
        self._folder.cleanup()


_ROWS = (
    ("大类代码", "大类", "小类代码", "小类", "立案条件", "处置时限", "结案条件"),
    ("01", "公用设施", "0101", "上水井盖", "破损", "2工作时", "修复"),
    ("01", "公用设施", "0102", "污水井盖", "缺失", "1工作日", "修复"),
)  # fmt: skip


class Csv(_Sheets):
    """A CSV file."""

    name, suffix = "csv", ".csv"

    def seeds(self) -> Iterator[bytes]:
        """Yield a standard of two rows."""
        yield "\r\n".join(map(",".join, _ROWS)).encode()
        yield "\n".join(f'"{"", "".join(row)}"' for row in _ROWS).encode("utf-8-sig")

    def take(self, data: bytes) -> str:
        """Bring it in."""
        return self.read(data)


class Xlsx(_Sheets):
    """A workbook. The first byte chooses the part that the rest is put in place of.

    So the input is XML, and its checksum is right; 255 is the file itself.
    """

    name, suffix = "xlsx", ".xlsx"

    def __init__(self) -> None:
        super().__init__()
        book, raw = Workbook(), io.BytesIO()
        for row in _ROWS:
            book.active.append(row)
        book.active.merge_cells("A2:A3")
        book.save(raw)
        self._books = [raw.getvalue(), tables_workbook(self._ruleset.spec)]
        self._parts = [_parts(book) for book in self._books]

    def seeds(self) -> Iterator[bytes]:
        """Yield every part of a standard and of a workbook of parameters."""
        for which, parts in enumerate(self._parts):
            for n, content in enumerate(parts.values()):
                yield bytes([n * 2 + which]) + content
            yield bytes([255]) + self._books[which]

    def take(self, data: bytes) -> str:
        """Bring in the workbook with that part in it."""
        if not data:
            return "too short"
        if data[0] == 255:
            return self.read(data[1:])
        parts = dict(self._parts[data[0] % 2])
        names = list(parts)
        parts[names[data[0] // 2 % len(names)]] = data[1:]
        raw = io.BytesIO()
        with zipfile.ZipFile(raw, "w") as package:
            for name, content in parts.items():
                package.writestr(name, content)
        return self.read(raw.getvalue())


def _parts(raw: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(raw)) as package:
        return {name: package.read(name) for name in package.namelist()}


class TokensFile(Target):
    """The file of tokens, as it may be after any accident."""

    name = "tokens"

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory(prefix="envrules-fuzz-")
        self._file = Path(self._folder.name) / "tokens.json"
        self._file.touch(0o600)

    def seeds(self) -> Iterator[bytes]:
        """Yield a good file."""
        token = (
            '{"id":"a1","principal":"grid","roles":["submit","read"],"localities":["yunxi"],'
            f'"sha256":"{"0" * 64}","created":"2026-11-22T00:00:00Z"'
        )
        yield f'{{"tokens":[{token}}}]}}'.encode()
        yield f'{{"tokens":[{token},"expires":"2027-01-01T00:00:00Z"}}]}}'.encode()
        yield b'{"tokens":[]}'

    def take(self, data: bytes) -> str:
        """Read it."""
        self._file.write_bytes(data)
        try:
            return f"{min(len(read_tokens(self._file)), 3)} tokens"
        except BadFile:
            return "refused"

    def close(self) -> None:
        """Remove the file."""
        self._folder.cleanup()


class Pages(Target):
    """Page tokens: one that we did not give leads nowhere, or to a place in one's own pages."""

    name = "pages"
    _KINDS = (Cursor, str, tuple[Cursor, Cursor, Cursor], Listed)

    def seeds(self) -> Iterator[bytes]:
        """Yield tokens that we gave."""
        for n, place in enumerate((7, "yunxi", (1, 2, 3), ("town", {}))):
            yield bytes([n]) + next_token(_LIST, place).encode()

    def take(self, data: bytes) -> str:
        """Read a position from it."""
        if not data:
            return "too short"
        fields = Fields()
        request = type(_LIST)()
        request.CopyFrom(_LIST)
        request.page_token = data[1:].decode("latin-1")
        found = position(request, self._KINDS[data[0] % len(self._KINDS)], fields)
        assert (found is None) == (bool(fields.problems) or not data[1:])
        return "refused" if fields.problems else "read"


_LIST = REQUESTS["DecisionService/ListDecisions"](OWN)

TARGETS: Sequence[type[Target]] = (
    Wire, Door, RulesetText, CodesText, Csv, Xlsx, TokensFile, Pages,
)  # fmt: skip
BY_NAME = {target.name: target for target in TARGETS}
