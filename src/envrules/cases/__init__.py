"""Worked cases: a scheme's document as examples, in YAML, run against the engine.

    load_cases → CaseFile → run_file → FileResult → as_text, as_json

A case is one locality from its first event to what is decided in the end. The comparison goes
both ways: every expectation must be met, and every decision must have been expected.
"""

from envrules.cases.compare import Failure
from envrules.cases.loader import load_cases
from envrules.cases.model import Case, CaseFile
from envrules.cases.report import as_json, as_text
from envrules.cases.results import CaseResult, FileResult, SchemeFactory
from envrules.cases.runner import run_case, run_file
from envrules.cases.schemes import factory_for

__all__ = [
    "Case",
    "CaseFile",
    "CaseResult",
    "Failure",
    "FileResult",
    "SchemeFactory",
    "as_json",
    "as_text",
    "factory_for",
    "load_cases",
    "run_case",
    "run_file",
]
