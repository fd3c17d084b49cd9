"""What envrules loads: the entry point `boston311` in the group `envrules.schemes`."""

from pathlib import Path

from envrules.hookspecs import SchemeSource, hookimpl


@hookimpl
def envrules_scheme() -> SchemeSource:
    """Declare the scheme: its ruleset lies beside this file, and does all that it does."""
    return SchemeSource("boston311", Path(__file__).with_name("boston311.yaml"))
