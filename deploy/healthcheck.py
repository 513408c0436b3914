"""Tells Docker whether the server in this container answers: exit code 0 or 1, and one line that says why.

It needs only the standard library, so that it starts fast and cannot break with a dependency.
"""

import http.client
import os
import sys
from typing import Final

TIMEOUT_SECONDS: Final = 2.0


def check(path: str = "/health/live") -> str | None:
    """Ask the server on this machine; return what is wrong, or None where it answers 200."""
    connection = http.client.HTTPConnection(
        "127.0.0.1", int(os.environ.get("ACHENE_PORT", "8000")), timeout=TIMEOUT_SECONDS
    )
    try:
        connection.request("GET", path)
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return f"{path} did not answer: {error}"
    finally:
        connection.close()
    return None if status == http.client.OK else f"{path} answered {status}"


if __name__ == "__main__":
    problem = check(*sys.argv[1:2])
    sys.stdout.write((problem or "ok") + "\n")
    sys.exit(1 if problem else 0)
