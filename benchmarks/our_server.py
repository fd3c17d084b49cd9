"""The real service as a process of its own, started and ended the way the references are.

    python -m benchmarks.our_server DATABASE

prints its port and serves until its standard input ends.
"""

from __future__ import annotations

import sys

from envrules.plugin_manager import load_plugins
from envrules.runtime.library import Library
from envrules.runtime.runtime import Runtime
from envrules.service.config import ServerConfig
from envrules.service.server import build_server
from envrules.store import Store


def main(path: str) -> None:
    """Serve from the database at `path`."""
    with Store.open(f"sqlite:///{path}") as store:
        runtime = Runtime(store, Library(load_plugins(), store))
        runtime.start()
        server = build_server(runtime, ServerConfig(address="127.0.0.1:0"))
        server.start()
        print(server.port, flush=True)
        sys.stdin.read()
        server.stop(0)
        runtime.stop()


if __name__ == "__main__":
    main(sys.argv[1])
