"""篇10 老旧居住片区: seven standards, the order of quarters, a yearly calendar up to acceptance."""

from envrules.hookspecs import SchemeSource, hookimpl
from envrules.resources import rulesets_dir


@hookimpl
def envrules_scheme() -> SchemeSource:
    """Declare the scheme; all it does is in its ruleset."""
    return SchemeSource("old_quarters", rulesets_dir() / "old_quarters.yaml")
