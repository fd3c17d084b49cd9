"""Watch the matcher's memory, then compare it with the reference on many random cases.

    python tests/engine/run_match_differential.py 5000

Prints what the cases contained, so that a run in which nothing fires shows. Exits with 1 on a
mismatch, or when 10,000 evaluations leave the process noticeably larger.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script, not by pytest

from tests.engine.match_strategies import cases
from tests.engine.reference_matcher import reference_firings

from envrules.engine.match import Condition, FieldRef, Firing, Matcher, MatchFact, Pattern, Rule

ALLOWED_GROWTH_KB = 2_000


def compare_cases(number: int, report: Callable[[str], object]) -> int:
    """Run random cases and return how many of them the two matchers answered differently."""
    seen: Counter[str] = Counter()

    @settings(
        max_examples=number,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(cases())
    def one_case(case: tuple[list[Rule], list[MatchFact]]) -> None:
        rules, facts = case
        with Matcher(rules) as matcher:
            got = matcher.run(facts)
        expected = reference_firings(rules, facts)
        if got != expected:
            seen["mismatches"] += 1
            report(f"rules {rules}\nfacts {facts}\ngot {got}\nexpected {expected}\n")
        count(rules, expected)

    def count(rules: list[Rule], firings: list[Firing]) -> None:
        by_id = {rule.id: rule for rule in rules}
        seen["cases"] += 1
        seen["cases that fire"] += bool(firings)
        for rule in (by_id[firing.rule] for firing in firings):
            seen[f"firings of {len(rule.positive)} facts"] += 1
            seen["firings despite an absent pattern"] += bool(rule.absent)

    one_case()
    report("".join(f"{n:>9,} {what}\n" for what, n in sorted(seen.items())))
    return seen["mismatches"]


def growth_kb(evaluations: int, report: Callable[[str], object]) -> int:
    """Return by how much the process grows over many evaluations of one matcher."""
    same_unit = Condition("unit", "==", FieldRef("a", "unit"))
    rules = [
        Rule("all", (Pattern("a", "x"), Pattern("b", "y", (same_unit,)))),
        Rule("none", (Pattern("a", "x"), Pattern("n", "y", (same_unit,), absent=True))),
    ]
    group = [MatchFact(f"{k}{n}", k, {"unit": f"村{n % 3}"}) for k in "xy" for n in range(10)]
    with Matcher(rules) as matcher:
        for _ in range(500):
            matcher.run(group)
        before = resident_kb()
        for _ in range(evaluations):
            matcher.run(group)
        after = resident_kb()
    report(f"{evaluations:>9,} evaluations: {before:,} kB before, {after:,} kB after\n")
    return after - before


def resident_kb() -> int:
    """Return the resident size of this process, as Linux states it."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise OSError("the kernel does not state the resident size")


def main(arguments: list[str]) -> int:
    """Run both checks; the argument is the number of cases."""
    growth = growth_kb(10_000, sys.stdout.write)  # first: what the cases free would hide a leak
    mismatches = compare_cases(int(arguments[0]) if arguments else 5_000, sys.stdout.write)
    sys.stdout.write(f"{mismatches:>9,} mismatches\n")
    return 1 if mismatches or growth > ALLOWED_GROWTH_KB else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
