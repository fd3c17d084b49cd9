"""`envrules submit` and `envrules watermark`: events in, and how far they reach."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import tzinfo
from enum import StrEnum
from typing import Annotated

import typer
from google.protobuf.timestamp_pb2 import Timestamp

from envrules.cli.event_files import RawEvent, read_event_file
from envrules.cli.server import (
    ENUM_WORDS,
    AsName,
    ServerAddress,
    connect,
    instant_of,
    zone_in,
)
from envrules.cli.shell import (
    REFUSED,
    USAGE,
    AsJson,
    Failure,
    LocalityArg,
    say,
    show_json,
    show_json_line,
)
from envrules.report import as_plain
from envrules.report.tables import local
from envrules.v1 import event_service_pb2 as pb
from envrules.v1 import events_pb2
from envrules.wire.events_json import parse_event
from envrules.wire.events_out import event_to_proto
from envrules.wire.problems import Invalid, problem_to_proto

BATCH = 500
"""Events in one message of the stream."""


class Wait(StrEnum):
    """What a receipt waits for."""

    STORED = "stored"
    DECIDED = "decided"
