"""Rule kinds: one module each, holding what the YAML says (`*Spec`), its compiled form, and the
pure functions that tally and judge. Nothing here reads a clock, a file or a global."""
