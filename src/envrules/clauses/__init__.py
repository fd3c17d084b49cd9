"""Which clauses of the documents are judged, by what, and which cases prove it.

    clause lists + rulesets + case results → coverage → problems, pages

A clause list numbers what a document says, paragraph by paragraph (see `lists` for its form).
A ruleset cites clauses in `ref`: the key of a source, a blank, then one clause or several
(`m 三2`, `m 一(一)、二(一)`).
"""

from envrules.clauses.citations import Definition
from envrules.clauses.coverage import Coverage, Judged, Tested, cover
from envrules.clauses.lists import Clause, ClauseList, Part, load_clauses, load_lists
from envrules.clauses.pages import pages

__all__ = [
    "Clause",
    "ClauseList",
    "Coverage",
    "Definition",
    "Judged",
    "Part",
    "Tested",
    "cover",
    "load_clauses",
    "load_lists",
    "pages",
]
