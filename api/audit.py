"""Says who wrote what: a log line for each type that a mutation wrote, and rows of a table where that is wanted.

What is noted, and when it may be told, is the affair of `schema.audit`.
"""

from functools import partial
from typing import Any

from api.settings import Settings
from api.telemetry import Trail, write_line
from schema.audit import Audit, Note
from schema.principal import Principal


def audit_of(principal: Principal, settings: Settings, trail: Trail) -> Audit | None:
    """Return what takes note of what a caller writes; None where nobody wants to know."""
    if not (settings.audit_lines or settings.audit_table):
        return None
    who = {"key_id": principal.key_id, "user_id": principal.user_id, "subject": principal.subject}
    return Audit(
        partial(_tell, who | {"key": principal.key_prefix}, trail.request_id) if settings.audit_lines else None,
        who | {"request_id": trail.request_id} if settings.audit_table else None,
    )


def _tell(who: dict[str, Any], request_id: str, mutation: str, note: Note) -> None:
    """Write the line of a note."""
    known = {name: value for name, value in who.items() if value is not None}
    said = {
        "mutation": mutation,
        "type": note.type,
        "action": note.action,
        "rows": note.count,
        "ids": note.ids,
        "fields": [*note.fields],
        "request_id": request_id,
    }
    write_line("write", said | known)
