"""The server with a log that is not synced: by it we see that the test of the real one can fail."""

from __future__ import annotations

import os
from typing import Any

from envrules.cli import main
from envrules.store import sqlite

_engine = sqlite._engine


def _unsafe_engine(url: Any, begin: str, *pragmas: str, writes: bool = True) -> Any:
    unsafe = f"synchronous={os.environ['UNSAFE_SYNCHRONOUS']}"
    pragmas = tuple(p.replace("synchronous=FULL", unsafe) for p in pragmas)
    return _engine(url, begin, *pragmas, writes=writes)


sqlite._engine = _unsafe_engine
main()
