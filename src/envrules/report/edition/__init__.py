"""The reader's edition: a ruleset told in plain Chinese, clause by clause, to be signed off.

    edition_of → Edition → as_html, as_text

It says what the ruleset says, and nothing else: every sentence is built from the fields of a
definition, every definition and field is told, and the cases named beside a rule are those whose
decisions rest on it.
"""

from envrules.report.edition.build import edition_of
from envrules.report.edition.model import Edition
from envrules.report.edition.plain import as_text
from envrules.report.edition.web import as_html

__all__ = ["Edition", "as_html", "as_text", "edition_of"]
