"""篇2: who answers for a village, waste out the same day, floating pay, monthly labour."""

from envrules.hookspecs import SchemeSource, hookimpl
from envrules.resources import rulesets_dir


@hookimpl
def envrules_scheme() -> SchemeSource:
    """Declare the scheme; all it does is in its ruleset."""
    return SchemeSource("town_duty", rulesets_dir() / "town_duty.yaml")
