"""`envrules rebuild`: drop what derives from the log and derive it again, to the same bytes."""

from __future__ import annotations

from typing import Annotated

import typer

from envrules.cli.shell import REFUSED, AsJson, Failure, say, show_json
from envrules.cli.storage import DEFAULT_DATABASE, DatabaseUrl, opened
from envrules.plugin_manager import load_plugins
from envrules.runtime.leases import is_held
from envrules.runtime.library import Library
from envrules.runtime.rebuild import RebuildDiffers
from envrules.runtime.rebuild import rebuild as rebuild_locality
from envrules.runtime.runtime import wall_clock
from envrules.store import Store


def rebuild(
    db: DatabaseUrl = DEFAULT_DATABASE,
    locality: Annotated[
        list[str] | None, typer.Option(help="Only this locality; may be repeated.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Rebuild all derived state from the log, and say whether it is the same as before.

    Works on the database itself: stop the server first. Nothing is dropped unless the log still
    gives exactly the decisions that were emitted.
    """
    with opened(db) as store:
        known = [row.id for row in store.localities()]
        unknown = sorted(set(locality or ()) - set(known))
        if unknown:
            raise Failure(f"no locality {unknown[0]!r}", f"there are: {', '.join(known) or 'none'}")
        library = Library(load_plugins(), store)
        results = [_rebuilt(store, one, library) for one in locality or known]
    if as_json:
        show_json(results)
    if not all(result["same"] for result in results):
        raise typer.Exit(REFUSED)


def _rebuilt(store: Store, locality: str, library: Library) -> dict[str, str | bool]:
    held = store.projection(locality)
    if is_held(held, store.now()):
        raise Failure(
            f"{locality} is in use by {held.owner}", "stop that server, then rebuild again"
        )
    try:
        before, after = rebuild_locality(store, locality, library, wall_clock)
    except RebuildDiffers as error:
        raise Failure(
            f"{locality}: {error}",
            "nothing was changed; rebuild with the release that emitted these decisions",
        ) from None
    say(f"{locality}: {'the same' if before == after else 'DIFFERENT'} ({after})")
    return {"locality": locality, "before": before, "after": after, "same": before == after}
