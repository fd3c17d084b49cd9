"""Documents that offices send: the month's bulletin (通报) and each unit's statement (对账单).

    messages of the API → `Document` → HTML to print, docx to edit, xlsx to reckon with

The builders are pure: what a document says is a function of the messages that it is made from.
The writers of docx and xlsx need the extra `reports`, and are imported only where one is written.
"""

from envrules.report.bulletin.build import Month, bulletin
from envrules.report.bulletin.document import Document, Letterhead
from envrules.report.bulletin.html import as_html
from envrules.report.bulletin.statements import statement_document

__all__ = ["Document", "Letterhead", "Month", "as_html", "bulletin", "statement_document"]
