"""What became of mutants: lines for people, plain data for machines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import ROUND_DOWN, Decimal
from typing import Any

from envrules.cases.mutation.run import MutationResult


def score(results: Iterable[MutationResult]) -> Decimal | None:
    """Return how many of the mutants that `check` accepts a case kills, in percent.

    Cut after one place, so that 98.0 is never less than 98; None where there are no mutants.
    """
    killed = alive = 0
    for result in results:
        killed += result.count("killed")
        alive += result.count("survived", "equivalent")
    if not killed + alive:
        return None
    percent = Decimal(100 * killed) / (killed + alive)
    return percent.quantize(Decimal("0.1"), ROUND_DOWN)


def lines(result: MutationResult, *, everything: bool = False) -> Iterator[str]:
    """Yield what somebody must put right, each with its place; or all that became of a scheme."""
    for problem in result.problems:
        yield f"{problem.location}: {problem.message}"
    for outcome in result.outcomes:
        if everything or outcome.fate == "survived":
            why = f" ({outcome.why})" if outcome.why else ""
            yield f"{outcome.location}: {outcome.fate}: {outcome.name}{why}"


def as_json(result: MutationResult) -> dict[str, Any]:
    """Return the result as data that `json.dumps` takes."""
    percent = score([result])
    return {
        "scheme": result.scheme,
        "score": None if percent is None else str(percent),
        "mutants": [
            {
                "name": outcome.name,
                "location": outcome.location,
                "fate": outcome.fate,
                "why": outcome.why,
            }
            for outcome in result.outcomes
        ],
        "problems": [
            {"location": problem.location, "message": problem.message}
            for problem in result.problems
        ],
    }
