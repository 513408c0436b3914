"""What may be kept of an answer: the question that it answers, and the terms on which."""

from schema.keeping.question import Keeper, Question, Source, keepable, read_bounded
from schema.keeping.terms import Asked, Terms, TermsReader

__all__ = ["Asked", "Keeper", "Question", "Source", "Terms", "TermsReader", "keepable", "read_bounded"]
