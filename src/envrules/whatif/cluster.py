"""Columns over a Ray cluster: each period's sightings are grouped wherever there is room.

Groups add up, so it does not matter who made which, nor how often a part had to be made again
because a machine was lost: the answer is the same to the last digit. What the engine replays stays
with whoever asks.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from typing import Any

from envrules.whatif.bycolumn import Spread
from envrules.whatif.columnar import Sighted, sight, together
from envrules.whatif.reading import Reading

_RETRIES = 5
"""How often a part is made anew whose worker was lost."""


class NoCluster(Exception):
    """There is no cluster at the address."""


@contextmanager
def over_ray(address: str = "", workers: int = 0) -> Iterator[Spread]:
    """Yield a way to group sightings over a Ray cluster, and leave nothing behind.

    Args:
        address: a running cluster, whose machines can all read the log file under its path; empty:
            one on this machine, for the time being.
        workers: how many of them then; 0: one for each processor.

    Raises:
        ImportError: Ray is not installed; it comes with the extra `ray`.
        NoCluster: nobody answers at the address.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    with redirect_stdout(sys.stderr):  # what Ray has to say is no part of an answer
        yield from _over_ray(address, workers)


def _over_ray(address: str, workers: int) -> Iterator[Spread]:
    import ray

    folder = "" if address else tempfile.mkdtemp(prefix="envrules-")
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    try:
        if address:
            _join(ray, address, quiet)
        else:
            ray.init(
                num_cpus=workers or None, include_dashboard=False, _temp_dir=folder,
                _node_ip_address="127.0.0.1", **quiet,
            )  # fmt: skip
        yield _spread(ray)
    finally:
        ray.shutdown()
        if folder:
            shutil.rmtree(folder, ignore_errors=True)


def _join(ray: Any, address: str, quiet: dict[str, Any]) -> None:
    try:
        ray.init(address=address, **quiet)
    except ConnectionError as error:
        raise NoCluster(f"no Ray cluster at {address}: {error}") from None


def _spread(ray: Any) -> Spread:
    part = ray.remote(max_retries=_RETRIES)(_part)

    def spread(
        log: Any, how: Reading, periods: Sequence[str], changes: frozenset[int]
    ) -> Sighted:  # fmt: skip
        if not periods:
            return sight(log, how, periods, changes)
        asked = [part.remote(log, how, periods, changes, n) for n in range(len(periods))]
        return together(ray.get(asked))

    return spread


def _part(
    log: Any, how: Reading, periods: Sequence[str], changes: frozenset[int], place: int
) -> Sighted:  # fmt: skip
    """Group the sightings of one period."""
    return sight(log, how, periods, changes, range(place, place + 1))
