"""API keys: how they look, where they are kept, and who it is that shows one.

`Keys` is what a server asks on each request. `create`, `list_all`, `revoke` and `rotate` are what the command
line does with them. How a key arrives in a request is the affair of `api.auth`.
"""

from api.keys.keys import Keys
from api.keys.store import create, list_all, revoke, rotate

__all__ = ["Keys", "create", "list_all", "revoke", "rotate"]
