"""A worker in name only, which starts fast and does what a file says; run by its path, with a descriptor.

`given` in its task has `folder`. There it writes down its place, and reads what to do from `mode`:

- `serve`: say that it serves, go on saying so, leave when asked to, or when its supervisor is gone
- `refuse`: end before it serves
- `crash`: end as soon as it serves
"""

import json
import select
import socket
import sys
from pathlib import Path


def main() -> int:
    """Do it; return the exit code."""
    channel = socket.socket(fileno=int(sys.argv[1]))
    task = json.loads(channel.makefile("rb", buffering=0).readline())
    folder = Path(task["given"]["folder"])
    mode = (folder / "mode").read_text()
    with (folder / "started").open("a") as started:
        started.write(f"{task['place']}\n")
    if mode == "refuse":
        return 3
    channel.sendall(b"ready\n")
    if mode == "crash":
        return 4
    while True:
        channel.sendall(b"alive\n")
        if select.select([channel], [], [], 0.05)[0]:
            (folder / "heard").write_bytes(channel.recv(100))
            return 0


if __name__ == "__main__":
    sys.exit(main())
