"""`envrules workbench`: the operators' page."""

from __future__ import annotations

import logging
import threading
import webbrowser
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from envrules.cli.shell import USAGE, Failure, say
from envrules.cli.storage import DEFAULT_DATABASE, DatabaseUrl, opened
from envrules.plugin_manager import load_plugins
from envrules.runtime.library import Library
from envrules.runtime.runtime import Runtime


def workbench(
    rulesets: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder of the rulesets that are edited.")
    ],
    db: DatabaseUrl = DEFAULT_DATABASE,
    port: Annotated[int, typer.Option(min=0, help="Port; 0 takes a free one.")] = 0,
    by: Annotated[
        str, typer.Option("--as", metavar="NAME", help="Name under which you approve and publish.")
    ] = "operator",
    browser: Annotated[bool, typer.Option(help="Open the page in the browser.")] = True,
) -> None:
    """Open the operators' page: what is to be done today, and what other values would have done.

    It listens on this machine only; the address that it prints carries a token, and opens it once
    for a browser. It may run beside a server on the same database.
    """
    if find_spec("nicegui") is None:
        raise Failure("the workbench needs NiceGUI", "pip install 'envrules[workbench]'")
    if not rulesets.is_dir():
        raise Failure(f"{rulesets} is no folder", "give the folder of your rulesets", USAGE)
    from envrules.workbench.desk import Desk
    from envrules.workbench.server import serve

    def ready(address: str) -> None:
        print(address, flush=True)
        if browser:
            threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()

    logging.getLogger("alembic").setLevel(logging.WARNING)
    with opened(db) as store:
        runtime = Runtime(store, Library(load_plugins(), store))
        runtime.start()
        try:
            serve(Desk(runtime, rulesets.resolve(), by), port, ready)
        finally:
            runtime.stop()
    say("stopped")
