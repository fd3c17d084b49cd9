"""Build hook: fresh stubs in every build; rulesets and proto files inside the wheel.

The top-level folders `rulesets/` and `proto/` are where people look for them; the wheel carries
both inside the package, where `envrules.resources` finds them.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

# checkout folder -> place inside the wheel
CARRIED = {"rulesets": "envrules/rulesets", "proto": "envrules/proto"}


class EnvrulesBuildHook(BuildHookInterface[Any]):
    """Runs before hatchling gathers the files of a wheel or sdist."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Generate the stubs; then, in a real wheel, take the carried folders along.

        An editable install reads those folders in the checkout, so that an edit shows at once.
        """
        root = Path(self.root)
        subprocess.run([sys.executable, str(root / "tools" / "gen_proto.py")], check=True)
        if self.target_name == "wheel" and version == "standard":
            for folder, place in CARRIED.items():
                build_data["force_include"][str(root / folder)] = place
