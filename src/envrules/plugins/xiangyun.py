"""祥云办事处: three kinds of issue that are never let pass, and building sites to be stopped."""

from envrules.hookspecs import SchemeSource, hookimpl
from envrules.resources import rulesets_dir


@hookimpl
def envrules_scheme() -> SchemeSource:
    """Declare the scheme; all it does is in its ruleset."""
    return SchemeSource("xiangyun", rulesets_dir() / "xiangyun.yaml")
