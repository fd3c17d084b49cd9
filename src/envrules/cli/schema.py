"""`envrules schema`: what editors need to help with a ruleset."""

from __future__ import annotations

from envrules.cli.shell import show_json
from envrules.ruleset.json_schema import ruleset_schema


def schema() -> None:
    """Print the JSON Schema of rulesets, for completion in editors.

    A ruleset whose first line is `# yaml-language-server: $schema=FILE` gets it from that file.
    """
    show_json(ruleset_schema())
