"""Mutation: would the worked cases notice if the ruleset were wrong by one thing?

    candidates → mutants → run_mutants → MutationResult → lines, as_json

Every rule is deleted and every threshold moved by its smallest step, one at a time (`operators`,
`steps`), and the cases are run against each such mutant until one fails: it has killed the mutant.
A change that `check` does not accept is `refused` and proves nothing. A mutant that no case kills
shows a case to add, or a provision that makes no difference. One that cannot differ in any
decision is declared in the file of cases, with the reason:

    equivalent:
    - because: 十二个月里没有介于 49% 与 50% 之间的占比
      mutants: [parameters.min_share.values.always 0.5 → 0.49]

A declaration of something that a case does kill, or that is no mutant, is an error.
"""

from envrules.cases.mutation.report import as_json, lines, score
from envrules.cases.mutation.run import MutationResult, Outcome, run_mutants

__all__ = ["MutationResult", "Outcome", "as_json", "lines", "run_mutants", "score"]
