"""明湖办事处: one main and seventeen other branches, all of which must join the campaign."""

from envrules.hookspecs import SchemeSource, hookimpl
from envrules.resources import rulesets_dir


@hookimpl
def envrules_scheme() -> SchemeSource:
    """Declare the scheme; all it does is in its ruleset."""
    return SchemeSource("minghu", rulesets_dir() / "minghu.yaml")
