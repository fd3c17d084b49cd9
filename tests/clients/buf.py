"""The program `buf`, which reads protos and speaks gRPC."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]


def buf() -> str:
    """Where buf is: `make test` has it in the checkout's environment, not in the wheel's."""
    folders = [Path(sys.executable).parent, CHECKOUT / ".venv" / "bin"]
    found = shutil.which("buf", path=os.pathsep.join(map(str, folders)))
    assert found is not None, "buf is missing: run make setup"
    return found
