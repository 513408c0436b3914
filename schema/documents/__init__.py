"""GraphQL documents: parsed and validated once for each text, and refused before they can cost much.

The order is the point. Tokens are counted while the text is read (`documents`); then all that others could multiply
is measured, in time linear in the document (`measure`); only then do the rules of the specification run, some of which
compare fields pair by pair. Running a document is the affair of others.
"""

from schema.documents.document import Document, hash_of, name_of, to_document
from schema.documents.documents import Documents
from schema.documents.measure import DocumentLimits

__all__ = ["Document", "DocumentLimits", "Documents", "hash_of", "name_of", "to_document"]
