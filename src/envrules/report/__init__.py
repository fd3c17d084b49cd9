"""What people read: decisions explained, statements, standings, lists. Pure renderers.

They take the messages of the API, so that whoever has asked a server can print its answer, and
return what `rich` prints: tables that stay aligned with Chinese text. Titles and reasons are
Chinese, as officials read them. `as_json` gives the same answers to programs. `report.edition`
is about a ruleset instead: what officials read and sign before it decides anything.
"""

from envrules.report.as_json import as_plain
from envrules.report.codes import draft_entries, unknown_table
from envrules.report.decisions import decision_line, decision_table
from envrules.report.explain import explanation
from envrules.report.standings import list_tables, standing_table
from envrules.report.statement import statement_report
from envrules.report.tables import console

__all__ = [
    "as_plain",
    "console",
    "decision_line",
    "decision_table",
    "draft_entries",
    "explanation",
    "list_tables",
    "standing_table",
    "statement_report",
    "unknown_table",
]
