"""Saved operations: documents that are known before anybody asks, from folders and from manifests of clients.

`files` reads them, `library` checks each under the schema and keeps it ready, and `differences` says which of them a
change of the schema breaks.
"""

from schema.saved.files import SavedText, read_all, read_saved
from schema.saved.library import Library, Saved, check_saved, deprecations, load_library

__all__ = ["Library", "Saved", "SavedText", "check_saved", "deprecations", "load_library", "read_all", "read_saved"]
