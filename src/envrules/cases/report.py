"""What became of a file of cases: text for people, plain data for machines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from envrules.cases.compare import Failure
from envrules.cases.results import CaseResult, FileResult


def as_text(result: FileResult) -> str:
    """Return the failures with their places, then one line that sums up."""
    return "\n".join([*_lines(result), summary(result)])


def summary(result: FileResult) -> str:
    """Return one line: how many cases passed, and how many rules no case touches."""
    passed = sum(r.passed for r in result.results)
    line = f"{result.file.file}: {passed} of {len(result.results)} cases passed"
    return line + (f", {len(result.untested)} rules without a case" if result.untested else "")


def as_json(result: FileResult) -> dict[str, Any]:
    """Return the result as data that `json.dumps` takes."""
    return {
        "file": result.file.file,
        "scheme": result.file.scheme,
        "passed": result.passed,
        "problems": [_failure(f) for f in result.problems],
        "cases": [
            {
                "name": r.case.name,
                "ref": r.case.ref,
                "location": r.case.location,
                "passed": r.passed,
                "failures": [_failure(f) for f in r.failures],
            }
            for r in result.results
        ],
        "untested": list(result.untested),
    }


def failures_as_text(result: CaseResult) -> str:
    """Return the failures of one case, each with its place and details."""
    return "\n".join(_case(result))


def untested_as_text(result: FileResult) -> str:
    """Return the list of what no case touches."""
    return "\n".join(["no case touches:", *(f"  {name}" for name in result.untested)])


def _lines(result: FileResult) -> Iterator[str]:
    for failure in result.problems:
        yield from _shown(failure, "")
    for one in result.results:
        if not one.passed:
            yield from _case(one)
            yield ""
    if result.untested:
        yield untested_as_text(result)
        yield ""


def _case(result: CaseResult) -> Iterator[str]:
    ref = f" ({result.case.ref})" if result.case.ref else ""
    yield f"{result.case.location}: {result.case.name}{ref}"
    for failure in result.failures:
        yield from _shown(failure, "  ")


def _shown(failure: Failure, indent: str) -> Iterator[str]:
    yield f"{indent}{failure.location}: {failure.message}"
    yield from (f"{indent}    {detail}" for detail in failure.details)


def _failure(failure: Failure) -> dict[str, Any]:
    return {
        "location": failure.location,
        "message": failure.message,
        "details": list(failure.details),
    }
