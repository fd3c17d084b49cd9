"""Libraries that a server is started with, to see or to hinder what it asks of the system."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path


def compiled(source: str, folder: Path) -> Path:
    """Return the library made in a folder from a C file that lies beside this one."""
    library = (folder / source).with_suffix(".so")
    compiler = shlex.split(os.environ.get("CC", "cc"))
    flags = ("-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-o", str(library))
    file = Path(__file__).with_name(source)
    subprocess.run([*compiler, *flags, str(file), "-ldl"], check=True)
    return library
