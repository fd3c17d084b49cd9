"""000 平谷“四个一”工作法: four cleanings and three treatments, three colours, points struck off."""

from envrules.hookspecs import SchemeSource, hookimpl
from envrules.resources import rulesets_dir


@hookimpl
def envrules_scheme() -> SchemeSource:
    """Declare the scheme; all it does is in its ruleset."""
    return SchemeSource("pinggu", rulesets_dir() / "pinggu.yaml")
