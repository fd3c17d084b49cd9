"""A projector process: `python -m envrules.runtime.project`, started by a server.

The database's URL is in ENVRULES_DB, for command lines can be read by everybody; its share of the
localities is in the arguments. It hears what to do on standard input and ends when that does, after
the transactions under way; it says how far it is on standard output. It is no server without its
server: when that is killed, so is this.
"""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import sys
from collections.abc import Sequence

from envrules.logs import configure_as_told
from envrules.plugin_manager import load_plugins
from envrules.runtime.library import Library
from envrules.runtime.memory import giving_back_memory, share_heap
from envrules.runtime.pipes import Told, listen, tell
from envrules.runtime.projecting import ProjectingThreads, Share
from envrules.runtime.runtime import wall_clock
from envrules.store import Store

log = logging.getLogger(__name__)

_PR_SET_PDEATHSIG = 1


def main(arguments: Sequence[str]) -> None:
    """Project until standard input ends."""
    _belong_to_the_server()
    share_heap()
    orders, reports = _own_pipes()
    configure_as_told()
    number, of = map(int, arguments)
    try:
        _project(Share(number, of), orders, reports)
    except Exception as error:
        log.error("the projector cannot work: %s", error)
        sys.exit(1)


def _project(share: Share, orders: int, reports: int) -> None:
    with Store.open(os.environ["ENVRULES_DB"], migrate=False) as store, giving_back_memory():
        threads = ProjectingThreads(store, Library(load_plugins(), store), wall_clock, share)
        threads.report_to(lambda locality, position: tell(reports, Told("at", locality, position)))
        threads.start()
        with os.fdopen(orders, "rb") as pipe:
            for told in listen(pipe):
                act = threads.wake if told.word == "wake" else threads.hurry
                act(told.locality)
        threads.stop()


def _belong_to_the_server() -> None:
    """Leave signals to the server, which may be sent to all its processes, and end with it."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    if sys.platform == "linux":
        # Elsewhere, and if it has died just now, standard input ends.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _own_pipes() -> tuple[int, int]:
    """Keep standard input and output for the server: a plugin may read or print."""
    orders, reports = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    os.close(nothing)
    os.set_blocking(reports, False)
    return orders, reports


if __name__ == "__main__":
    main(sys.argv[1:])
