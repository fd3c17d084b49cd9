"""What envrules loads: the entry point `sample_town` in the group `envrules.schemes`."""

from pathlib import Path

from envrules.hookspecs import SchemeSource, hookimpl


@hookimpl
def envrules_scheme() -> SchemeSource:
    """Declare the scheme: its ruleset lies beside this file, and does all that it does."""
    return SchemeSource("sample_town", Path(__file__).with_name("sample_town.yaml"))
