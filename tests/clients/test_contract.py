"""The contract: a change that would break a vendor's client is refused."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from tests.clients.buf import CHECKOUT, buf

RELEASED = CHECKOUT / "docs" / "api" / "released.binpb"
EVENTS = "event_service.proto"


def broken(folder: Path, file: str, before: str, after: str) -> str:
    """Change a proto file in a copy; return what `buf breaking` says against the last release."""
    shutil.copy(CHECKOUT / "buf.yaml", folder)
    shutil.copytree(CHECKOUT / "proto", folder / "proto")
    changed = folder / "proto" / "envrules" / "v1" / file
    text = changed.read_text(encoding="utf-8")
    assert text.count(before) == 1
    changed.write_text(text.replace(before, after), encoding="utf-8")
    done = subprocess.run(
        [buf(), "breaking", "--against", RELEASED], cwd=folder, capture_output=True, text=True
    )
    assert bool(done.stdout) == (done.returncode != 0), done.stderr
    return done.stdout


BREAKING = {
    "a field removed": (EVENTS, "  bool decided = 4;", "", 'field "4" with name "decided"'),
    "a field renumbered": (EVENTS, "bool decided = 4;", "bool decided = 14;", '"4"'),
    "a field of another type": (EVENTS, "bool decided = 4;", "string decided = 4;", "type"),
    "a field renamed": (EVENTS, "bool decided = 4;", "bool judged = 4;", '"judged"'),
    "a value removed": (EVENTS, "  RECEIPT_STATUS_REFUSED = 3;", "", 'enum value "3"'),
    "a call removed": (
        "decision_service.proto", "  rpc GetDecision(GetDecisionRequest) returns (GetDecisionResponse);",
        "", "GetDecision",
    ),
}  # fmt: skip


@pytest.mark.parametrize("change", BREAKING)
def test_what_breaks_a_client_is_refused(tmp_path: Path, change: str) -> None:
    """A field, value or call of the last release stays what it is."""
    file, before, after, word = BREAKING[change]
    said = broken(tmp_path, file, before, after)
    assert file in said
    assert word in said


def test_additions_are_taken(tmp_path: Path) -> None:
    """A new field breaks nobody."""
    field = "bool decided = 4;"
    assert broken(tmp_path, EVENTS, field, f"{field}\n  // New.\n  string remark = 100;") == ""
