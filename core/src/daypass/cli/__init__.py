"""The ``daypass`` command. Nothing in daypass imports it, and it imports nothing until it runs."""

from __future__ import annotations

import gc
import os
import sys

__all__ = ["main"]


def main() -> int:
    """Run the command line; return the exit code, which `daypass.cli.exits` explains."""
    # Importing an SDK makes objects that stay; counting them again and again takes a tenth of the
    # time of `daypass sign`.
    gc.set_threshold(300_000)
    try:
        from daypass.cli.run import run

        return run(sys.argv[1:], leave=os._exit)
    except KeyboardInterrupt:
        return 130
    finally:
        # They are not looked through once more before the process ends, which takes a third of it.
        gc.freeze()
