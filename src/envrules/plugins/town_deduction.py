"""篇1 村庄环境整治考核: a town scores all its villages."""

from envrules.hookspecs import SchemeSource, hookimpl
from envrules.resources import rulesets_dir


@hookimpl
def envrules_scheme() -> SchemeSource:
    """Declare the scheme; all it does is in its ruleset."""
    return SchemeSource("town_deduction", rulesets_dir() / "town_deduction.yaml")
