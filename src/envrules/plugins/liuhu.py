"""柳湖街道 「四心」: ledgers, red and black lists, slips in three colours."""

from envrules.hookspecs import SchemeSource, hookimpl
from envrules.resources import rulesets_dir


@hookimpl
def envrules_scheme() -> SchemeSource:
    """Declare the scheme; all it does is in its ruleset."""
    return SchemeSource("liuhu", rulesets_dir() / "liuhu.yaml")
