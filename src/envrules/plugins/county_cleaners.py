"""篇3: one cleaner for 200 villagers, paid every month by two bureaus."""

from envrules.hookspecs import SchemeSource, hookimpl
from envrules.resources import rulesets_dir


@hookimpl
def envrules_scheme() -> SchemeSource:
    """Declare the scheme; all it does is in its ruleset."""
    return SchemeSource("county_cleaners", rulesets_dir() / "county_cleaners.yaml")
