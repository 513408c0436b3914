"""Where `achene` begins, and `python -m api` too: loads the command line, and runs it.

Loading the libraries takes a second or so. A Ctrl-C while that lasts ends the process as the system does it,
at once; as an exception it would come up within some library, and print a traceback of theirs.
"""

import signal

from api.garbage import loading


def main() -> None:
    """Load the command line and run it."""
    interrupted = signal.signal(signal.SIGINT, signal.SIG_DFL)
    with loading():
        from api.cli import main as run

    signal.signal(signal.SIGINT, interrupted)
    run()


if __name__ == "__main__":
    main()
