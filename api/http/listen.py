"""Takes an address, or says clearly why it cannot, and turns signals into an end without an error.

The address is taken before anything else is started, so that a port in use costs nothing and leaves nothing.
It may also be one that is open already: from ourselves before a restart, or from systemd's socket activation.
Signals become `KeyboardInterrupt`, so that every `with` block on the way out does its work.
"""

import os
import signal
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Final

from schema.errors import StartError

BACKLOG: Final = 2048
"""Connections that the system holds for us while we are busy."""

FIRST_GIVEN: Final = 3
"""Descriptor of a listener that we are given. Source: sd_listen_fds(3)."""


def bind(host: str, port: int) -> socket.socket:
    """Take an address and begin to listen on it; where we were given a listener that is open, take that.

    Args:
        host: Name or address.
        port: 0 for any free one.

    Raises:
        StartError: It is in use, not ours, or not allowed; the message says what to change.
    """
    if os.environ.get("LISTEN_PID") == str(os.getpid()) and os.environ.get("LISTEN_FDS") == "1":
        os.set_inheritable(FIRST_GIVEN, False)
        return socket.socket(fileno=FIRST_GIVEN)
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[
            0
        ]
    except (socket.gaierror, UnicodeError) as error:
        raise StartError(f"{host!r} is no address to listen on. Set --host or ACHENE_HOST.") from error
    listener = socket.socket(family, kind)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise StartError(_refusal(host, port, error)) from error
    return listener


def hand_on(listener: socket.socket) -> Mapping[str, str]:
    """Make a listener outlive this program, and return the variables by which the next one in this process finds it."""
    os.dup2(listener.fileno(), FIRST_GIVEN)
    os.set_inheritable(FIRST_GIVEN, True)  # which it is not yet where it had this descriptor before
    return {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1"}


def base_url(listener: socket.socket) -> str:
    """Return the address that a browser on this machine uses, without a slash at the end."""
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - what we listen on, not a choice
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@contextmanager
def until_stopped() -> Iterator[None]:
    """Run a block until it ends, or until SIGINT or SIGTERM, which end it without an error."""

    def stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - what a handler is called with
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGTERM, stop)
    try:
        with suppress(KeyboardInterrupt):
            yield
    finally:
        signal.signal(signal.SIGTERM, previous)


def _refusal(host: str, port: int, error: OSError) -> str:
    """Say why an address cannot be listened on, and what to do."""
    match error:
        case PermissionError():
            return f"Port {port} needs rights that we do not have. Choose one above 1023: --port or ACHENE_PORT."
        case OSError(strerror=str(reason)) if "in use" in reason:
            return f"Port {port} on {host} is in use. Stop what uses it, or choose another: --port {port + 1}"
        case OSError(strerror=reason):
            return f"{host} port {port} cannot be listened on: {reason}. Set --host or ACHENE_HOST."
