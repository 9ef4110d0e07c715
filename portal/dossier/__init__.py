"""The dossier as a PDF: facts, account, exhibits, custody, ways to check."""

from portal.dossier.model import (
    Account,
    Article,
    Check,
    CustodyRow,
    Dossier,
    Entry,
    Exhibit,
    Fact,
    ListItem,
    QuestionAnswer,
    Row,
    Statement,
)
from portal.dossier.render import DossierError, render_dossier

__all__ = [
    "Account",
    "Article",
    "Check",
    "CustodyRow",
    "Dossier",
    "DossierError",
    "Entry",
    "Exhibit",
    "Fact",
    "ListItem",
    "QuestionAnswer",
    "Row",
    "Statement",
    "render_dossier",
]
