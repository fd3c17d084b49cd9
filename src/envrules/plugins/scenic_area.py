"""篇9 A级旅游景区: quarterly inspections in a window, six focus items, every area keeps its grade."""

from envrules.hookspecs import SchemeSource, hookimpl
from envrules.resources import rulesets_dir


@hookimpl
def envrules_scheme() -> SchemeSource:
    """Declare the scheme; all it does is in its ruleset."""
    return SchemeSource("scenic_area", rulesets_dir() / "scenic_area.yaml")
