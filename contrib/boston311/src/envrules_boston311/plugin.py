"""What envrules loads: the entry point `boston311` in the group `envrules.schemes`."""

from importlib.metadata import version
from pathlib import Path

from envrules.hookspecs import SchemeSource, hookimpl


@hookimpl
def envrules_scheme() -> SchemeSource:
    """Declare the scheme: its ruleset lies beside this file, and does all that it does."""
    ruleset = Path(__file__).with_name("boston311.yaml")
    return SchemeSource("boston311", ruleset, version("envrules-boston311"))
