"""The configuration: which host, which server, what the host calls its tables, columns and steps.

Whatever is not said has the default that stands here, and README.md lists them.
"""

from __future__ import annotations

import os
import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
    model_validator,
)
from sqlalchemy import Table
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from envrules_grid_platform.host_tables import CASE, FLOW, UNIT
from envrules_grid_platform.positions import BadFile, Document

Step = Literal[
    "accepted", "not_filed", "verified_before_filing", "filed", "registered", "dispatched",
    "returned", "reassigned", "handled", "check_passed", "check_failed", "closed", "force_closed",
    "voided", "merged", "supervised", "extended", "deferred", "suspended", "resumed",
    "called_back", "found", "amended", "revoked", "appeal_filed", "appeal_upheld",
    "appeal_rejected", "ignored",
]  # fmt: skip
"""What a flow record may mean: a move of envrules, or one of the last seven, which are the bridge's.

`found` and `amended` only say that the case is to be read (again), `revoked` takes back the record
that `corrects` names, `ignored` means nothing.
"""

ACTIONS: dict[str, list[Step]] = {
    "上报": ["found"], "登记": ["registered"], "受理": ["accepted"], "不予立案": ["not_filed"],
    "核实": ["verified_before_filing"], "立案": ["filed"], "派遣": ["dispatched"],
    "交办": ["dispatched"], "退回": ["returned"], "改派": ["reassigned"], "处置": ["handled"],
    "处置反馈": ["handled"], "核查通过": ["check_passed"], "核查不通过": ["check_failed"],
    "返工": ["check_failed"], "结案": ["closed"], "强制结案": ["force_closed"], "作废": ["voided"],
    "并案": ["merged"], "督办": ["supervised"], "延期": ["extended"], "缓办": ["deferred"],
    "挂账": ["suspended"], "恢复": ["resumed"], "撤回": ["called_back"], "更正": ["amended"],
    "撤销": ["revoked"], "申诉": ["appeal_filed"], "申诉成立": ["appeal_upheld"],
    "申诉不成立": ["appeal_rejected"], "回访": ["ignored"],
}  # fmt: skip
"""The usual words. Those of `tables.flow.actions` are added to them or replace them."""

CASE_NO = r"(?P<division>\d{6})(?P<date>\d{8})(?P<serial>\d{5})"
"""19 digits: division (GB/T 2260), day, serial number of the day. Hosts differ, so it can be set."""


def _duration(value: Any) -> Any:
    match = re.fullmatch(r"(\d+) ?([smhd])", value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("write a number and s, m, h or d, such as 30m")
    unit = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}[match[2]]
    return timedelta(**{unit: int(match[1])})


def _zone(value: Any) -> Any:
    try:
        return ZoneInfo(value)
    except (KeyError, ValueError, TypeError, OSError):
        raise ValueError(f"{value!r} is no IANA time zone, such as Asia/Shanghai") from None


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Duration = Annotated[timedelta, BeforeValidator(_duration)]
Zone = Annotated[ZoneInfo, BeforeValidator(_zone), PlainSerializer(lambda zone: zone.key)]
Steps = Annotated[list[Step], BeforeValidator(_listed), Field(min_length=1)]
Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class Database(_Part):
    """The host's database, by URL or by the name of an environment variable that holds it."""

    url: str = ""
    url_env: str = ""
    schema_: str | None = Field(default=None, alias="schema")
    """Schema of the host's tables; the bridge's own are in the default one."""
    prefix: str = Field(default="envrules_", pattern=r"^[a-z][a-z0-9_]{0,20}$")
    """How the names of the bridge's own tables begin."""

    @model_validator(mode="after")
    def _one(self) -> Database:
        if bool(self.url) == bool(self.url_env):
            raise ValueError("give url or url_env")
        if self.url_env and self.url_env not in os.environ:
            raise ValueError(f"the environment has no {self.url_env}")
        try:
            make_url(self.address)
        except ArgumentError:
            raise ValueError("is no SQLAlchemy URL, such as postgresql+psycopg://…") from None
        return self

    @property
    def address(self) -> str:
        """The URL."""
        return self.url or os.environ[self.url_env]


class ServerPart(_Part):
    """Where envrules is."""

    address: str = "127.0.0.1:50051"
    principal: str = "grid-platform"
    """What the bridge calls itself to a server without tokens."""
    token_file: Path | None = None
    """File with the bridge's token: roles submit and read."""
    ca: Path | None = None
    """File of the certificate authority; without one nothing is encrypted."""


class Time(_Part):
    """How the host's progress becomes the locality's time."""

    lateness: Duration = timedelta(minutes=10)
    """How long after it happened a step may be written without coming late."""
    idle: Literal["clock", "hold"] = "clock"
    """Once all is read, time goes on with the clock, or stays where the last record is."""


class Poll(_Part):
    """How the host is read."""

    every: Duration = timedelta(seconds=5)
    batch: int = Field(default=500, ge=1, le=5000)
    """Flow records read in one transaction."""
    look_back: int = Field(default=10_000, ge=0)
    """Numbers below the highest one read that are looked at again for late commits."""
    retry: Duration = timedelta(minutes=10)
    """After how long parked rows are tried again."""
    standings: Duration = timedelta(minutes=1)
    """How often open standings are written back."""


class CaseNumber(_Part):
    """How a case number is made."""

    pattern: str = CASE_NO
    division: str = ""
    """What its `division` must begin with."""

    @model_validator(mode="after")
    def _compiles(self) -> CaseNumber:
        try:
            re.compile(self.pattern)
        except re.error as error:
            raise ValueError(f"pattern: {error}") from None
        return self


class HostTable(_Part):
    """A table of the host: its name, and its names for columns that are not called as ours."""

    name: str
    columns: dict[str, str | None] = {}
    """Our column → the host's; null: it has none."""
    values: dict[str, dict[str, str]] = {}
    """Our column → what the host writes in it → what that means."""

    def column(self, ours: str) -> str | None:
        """Return the host's name of a column of ours."""
        return self.columns.get(ours, ours)


class CaseTable(HostTable):
    """案卷."""

    name: str = CASE.name
    ledger: dict[str, str] = {}
    """Ledger field of the scheme → the host's column of the case."""
    tags: dict[str, str] = {"is_urgent": "紧急"}
    """Flag of the case → tag that it puts on the issue."""


class FlowTable(HostTable):
    """流转记录."""

    name: str = FLOW.name
    ledger: dict[str, str] = {}
    """Ledger field of the scheme → the host's column of the flow record."""
    actions: dict[str, Steps] = {}
    """What the host calls a step → what it is, where ACTIONS does not say so."""

    def meaning(self, action: str) -> list[Step] | None:
        """Return what a record of this action means; None: nobody has said."""
        return self.actions.get(action) or ACTIONS.get(action)


class UnitTable(HostTable):
    """单位."""

    name: str = UNIT.name
    attributes: dict[str, str] = {}
    """Attribute that the scheme knows → the host's column of the unit."""


class Tables(_Part):
    """The host's tables."""

    case: CaseTable = CaseTable()
    flow: FlowTable = FlowTable()
    unit: UnitTable | None = UnitTable()
    """null: somebody else declares the units."""


class StandingPart(_Part):
    """A score whose standings are written back."""

    scheme: Slug
    score: str
    period: Literal["week", "month", "quarter", "year"] = "month"


class Config(_Part):
    """All of it."""

    locality: Slug
    source: Slug = "grid"
    """Name of the host at envrules: its watermark's, and the start of all event ids."""
    timezone: Zone
    """Zone of every time in the host's tables that has no offset of its own."""
    database: Database
    server: ServerPart = ServerPart()
    time: Time = Time()
    poll: Poll = Poll()
    case_number: CaseNumber = CaseNumber()
    tables: Tables = Tables()
    standings: list[StandingPart] = []


def load(path: Path) -> Config:
    """Return the configuration in a file; raises BadFile."""
    document = Document(path)
    if not isinstance(document.root, dict):
        raise BadFile([document.problem((), "is not a configuration")])
    try:
        config = Config.model_validate(document.root)
    except ValidationError as error:
        raise BadFile(
            [document.problem(problem["loc"], _said(problem)) for problem in error.errors()]
        ) from None
    problems = [
        document.problem(("tables", name, part, column), f"there is no column {column!r}: {ours}")
        for name, table, known in _tables(config) for part in ("columns", "values")
        for ours in [", ".join(known.columns.keys())]
        for column in getattr(table, part) if column not in known.columns
    ]  # fmt: skip
    problems += [
        document.problem(("tables", "case", "tags", flag), "is no flag of a case")
        for flag in config.tables.case.tags if not flag.startswith("is_") or flag not in CASE.c
    ]  # fmt: skip
    if problems:
        raise BadFile(problems)
    return config


def _tables(config: Config) -> list[tuple[str, HostTable, Table]]:
    found: list[tuple[str, HostTable | None, Table]] = [
        ("case", config.tables.case, CASE),
        ("flow", config.tables.flow, FLOW),
        ("unit", config.tables.unit, UNIT),
    ]
    return [(name, table, known) for name, table, known in found if table is not None]


def _said(problem: Any) -> str:
    message: str = problem["msg"]
    return message.removeprefix("Value error, ")
