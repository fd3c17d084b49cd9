"""A disk that is full, read-only, broken or slow: nothing receipted is lost, and it heals by itself.

The server runs with `trouble.c` preloaded, which stands between it and the files of its database.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.faults.campaign import endure
from tests.faults.killing import NOT_SERVING, SERVING, installed, wait_for_health
from tests.faults.test_projector_process import (
    TOWN,
    check,
    found,
    judged,
    projectors,
    set_up,
)
from tests.faults.trouble import FAULTY, FULL, READ_ONLY, Disk, Trouble

from envrules.client import CallFailed, Client
from envrules.store import Store

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the shim is written for Linux")
ERRORS = pytest.mark.parametrize(
    "error",
    [
        pytest.param(FULL, id="full"),
        pytest.param(READ_ONLY, id="read-only"),
        pytest.param(FAULTY, id="faulty"),
    ],
)


@pytest.fixture
def trouble(tmp_path: Path) -> Iterator[Trouble]:
    """What the server of this test is to suffer."""
    trouble = Trouble(tmp_path)
    yield trouble
    trouble.close()


@ERRORS
def test_a_disk_that_cannot_be_written_again_and_again(
    tmp_path: Path, trouble: Trouble, error: int
) -> None:
    """While a month is played, the disk cannot be written to, twice: the month is whole.

    Clients are told nothing but UNAVAILABLE, and nobody helps the server.
    """
    toll = endure(
        tmp_path, error, kills=2, units=1, database=Disk(trouble, error, hits=25),
        environment=trouble.environment,
    )  # fmt: skip
    assert toll.kills >= 2


def test_a_slow_disk(tmp_path: Path, trouble: Trouble) -> None:
    """While a month is played, each sync takes 200 ms longer, for a while: all goes on."""
    disk = Disk(trouble, delay=200, hits=10)
    toll = endure(
        tmp_path, 3, kills=1, units=1, database=disk, environment=trouble.environment
    )  # fmt: skip
    assert toll.kills >= 1
    assert not toll.cut_calls


@ERRORS
def test_health_follows_the_disk(tmp_path: Path, trouble: Trouble, error: int) -> None:
    """While nothing can be written it is NOT_SERVING, calls are refused as to be sent again.

    Reading goes on. Once the disk can be written to, it serves again by itself, and goes on judging.
    """
    with installed(tmp_path, environment=trouble.environment) as installation:
        address = installation.start()
        with Client.connect(address, retry=False) as client:
            set_up(client)
            for round in range(3):
                trouble.disk(error)
                wait_for_health(address, NOT_SERVING)
                for number in range(3):
                    with pytest.raises(CallFailed) as refused:
                        client.submit(TOWN, [found(10 * round + number)])
                    told = (refused.value.code.name, refused.value.reason)
                    assert told == ("UNAVAILABLE", "STORE_UNAVAILABLE")
                assert client.locality(TOWN).head_seq
                trouble.disk()
                wait_for_health(address, SERVING)
                judged(client, *(found(10 * round + number) for number in range(4)))
        assert installation.stop() == 0, installation.said()
        check(installation.url, 13)


@ERRORS
def test_a_projector_that_starts_on_such_a_disk(
    tmp_path: Path, trouble: Trouble, error: int
) -> None:
    """A projector killed meanwhile is replaced once the disk is well, without hands."""
    disk = Disk(trouble, error, hits=20)
    with installed(tmp_path, environment=trouble.environment) as installation:
        with Client.connect(installation.start()) as client:
            set_up(client)
            client.submit(TOWN, [found(number) for number in range(20)])
            (projector,) = projectors(installation)
            disk.kill()
            projector.kill()
            disk.start()
            judged(client, found(20))
        installation.kill()
        check(installation.url, 22)


OPENING = """
import sys
from envrules.store import Store, StoreError
try:
    store = Store.open(sys.argv[1], migrate=False)
except StoreError as error:
    sys.exit(str(error))
store.ping()
"""


@pytest.mark.parametrize("hits", [1, 2, 3])
def test_a_disk_that_is_read_only_while_the_store_is_opened(
    tmp_path: Path, trouble: Trouble, hits: int
) -> None:
    """Whoever opens the store in the moment when the disk comes back is refused, or can write.

    SQLite would open what it cannot write to for reading only, and never say so.
    """
    url = f"sqlite:///{tmp_path / 'envrules.db'}"
    with Store.open(url):  # as a server has it open while its projector starts
        trouble.disk_until(READ_ONLY, hits)
        opened = subprocess.run(
            [sys.executable, "-c", OPENING, url], env={**os.environ, **trouble.environment},
            capture_output=True, text=True,
        )  # fmt: skip
    assert trouble.hits == hits
    assert opened.returncode == 0 or opened.stderr.startswith("cannot open sqlite:")
