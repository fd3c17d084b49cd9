"""篇7 矿容矿貌: what of a mine's six disorders, targets and shop pledges can be judged."""

from envrules.hookspecs import SchemeSource, hookimpl
from envrules.resources import rulesets_dir


@hookimpl
def envrules_scheme() -> SchemeSource:
    """Declare the scheme; all it does is in its ruleset."""
    return SchemeSource("mine", rulesets_dir() / "mine.yaml")
