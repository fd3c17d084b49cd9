"""A clean environment with the wheel in it, made once for the tests that one process runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.authoring.clean_env import CleanEnv, envrules_wheel, new_env


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of envrules."""
    return envrules_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture
def clean_env(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> CleanEnv:
    """A clean environment of the test's own, with envrules in it."""
    env = new_env(tmp_path_factory.mktemp("env") / "venv")
    env.install(wheel)
    return env
