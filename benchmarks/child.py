"""Run a module as a process that ends when the benchmark does, however that ends.

A server that is stopped for lack of a turn would otherwise outlive a benchmark that was killed.

    python -m benchmarks.child MODULE [ARGUMENTS]
"""

from __future__ import annotations

import ctypes
import runpy
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Arrange the end, then be the module."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
