"""The command `aebench`, also as `python -m aebench`.

It stands before everything else, and imports nothing at once that takes time: from its first line on Ctrl-C ends with
status 130, also while the rest is still being imported.
"""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType


def main() -> None:
    """Import the command line, and run it."""
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, _leave)
    import logging

    # That Matplotlib can keep its cache of fonts nowhere costs a second, and is no affair of who reads our tables.
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    try:
        from aebench.cli import main as command
    except (ImportError, OSError) as error:
        print(f"aebench: error: it cannot be loaded: {error}; {_advice()}", file=sys.stderr)
        sys.exit(2)
    try:
        command(prog_name="aebench")
    finally:
        # The status is known, and nothing is left to do but to leave, which Python takes its time for.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)


def _advice() -> str:
    """What to do when the command line cannot be imported."""
    import aebench

    # What Python makes of a mere folder, which comes before an editable installation.
    if getattr(aebench, "__file__", None) is None:
        return f"the folder {next(iter(aebench.__path__))} hides the package: go to another than the one it is in"
    return "try: pip install --force-reinstall aebench"


def _leave(number: int, _: FrameType | None) -> None:
    """At once: before the work begins nothing is at stake."""
    os._exit(128 + number)


if __name__ == "__main__":
    main()
