"""An environment as a locality's: Python, the pinned packages, wheels, and no source tree.

It is a fresh venv. The third-party packages are links to those that the tests run on, so that it
takes no network and no time, and has exactly the versions that are pinned; what is ours is left
out, `.pth` files too, which is how a checkout gets onto a path. `pip install --no-index` then
finds every declared need met, or fails.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import HTTPCookieProcessor, build_opener

CHECKOUT = Path(__file__).resolve().parents[2]
_OURS = ("envrules", "_envrules", "__pycache__")
_SOURCES = ("pyproject.toml", "README.md", "LICENSE", "src", "proto", "rulesets", "tools")


@dataclass(frozen=True)
class CleanEnv:
    """A venv, and how to run commands in it."""

    folder: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin" / "python"

    @property
    def variables(self) -> dict[str, str]:
        """Environment variables of a terminal in it: nothing of ours, and no network for pip."""
        return {
            "PATH": f"{self.folder / 'bin'}{os.pathsep}{os.defpath}", "HOME": str(self.folder),
            "LANG": "C.UTF-8", "COLUMNS": "100", "PYTHONUNBUFFERED": "1",
            "PYTHONDONTWRITEBYTECODE": "1", "PIP_NO_INDEX": "1", "PIP_NO_BUILD_ISOLATION": "0",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        }  # fmt: skip

    def run(self, *command: object, cwd: Path, stdin: str = "") -> str:
        """Run a command that must succeed; return what it printed."""
        done = subprocess.run(
            [str(word) for word in command], cwd=cwd, env=self.variables, input=stdin, text=True,
            capture_output=True, check=False, timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout

    @contextmanager
    def serving(self, command: str, cwd: Path) -> Iterator[str]:
        """Run an `envrules serve` command line on a free port; yield its address."""
        with self._running(f"{command} --address 127.0.0.1:0", cwd) as line:
            assert line.startswith("listening on "), f"{command} does not listen"
            yield line.split()[-1]

    @contextmanager
    def opened(self, command: str, cwd: Path) -> Iterator[str]:
        """Run an `envrules workbench` command line and ask for its page, as a browser would."""
        with self._running(command, cwd) as address:
            assert address.startswith("http://127.0.0.1:"), f"{command} gives no address"
            browser = build_opener(HTTPCookieProcessor())
            with browser.open(address, timeout=60) as page:
                assert page.status == 200
            yield address

    @contextmanager
    def _running(self, command: str, cwd: Path) -> Iterator[str]:
        """Run a command that stays; yield the line that it prints once it is ready."""
        with subprocess.Popen(
            f"exec {command}", shell=True, cwd=cwd, env=self.variables,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        ) as server:  # fmt: skip
            try:
                assert server.stdout is not None
                yield server.stdout.readline().strip()
            finally:
                server.terminate()

    def install(self, *packages: Path) -> None:
        """Install wheels or source folders; whatever else they need must be there."""
        self.run(self.python, "-m", "pip", "install", "--quiet", *packages, cwd=self.folder)


def new_env(folder: Path) -> CleanEnv:
    """Make a clean environment without anything of ours."""
    venv.create(folder, symlinks=True)
    (there,) = folder.glob("lib/python*/site-packages")
    for kind in ("purelib", "platlib"):
        for entry in Path(sysconfig.get_path(kind)).iterdir():
            known = there / entry.name
            if not entry.name.startswith(_OURS) and entry.suffix != ".pth" and not known.exists():
                known.symlink_to(entry)
    return CleanEnv(folder)


def envrules_wheel(folder: Path) -> Path:
    """Return the wheel: under `make test` the one that is being tested, else one built now.

    It is built from a copy, since a build writes stubs into its source tree.
    """
    built = CHECKOUT / "dist"
    if "ENVRULES_TESTS_WHEEL" not in os.environ:
        copy, built = folder / "source", folder / "dist"
        for name in _SOURCES:
            source = CHECKOUT / name
            if source.is_dir():
                ignored = shutil.ignore_patterns("__pycache__")
                shutil.copytree(source, copy / name, ignore=ignored)
            else:
                copy.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, copy)
        build_wheel(copy, built)
    (wheel,) = built.glob("envrules-*.whl")
    return wheel


def build_wheel(source: Path, folder: Path) -> Path:
    """Build a package's wheel with the pinned tools."""
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run(
        [*command, str(source)], cwd=source, env=environment, capture_output=True, text=True,
        check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = folder.glob("*.whl")
    return wheel
