"""What is printed when those who read it have seen enough, as `head` and `less` have."""

from __future__ import annotations

import os
import signal
import sys
from typing import TextIO


def write_nowhere(stream: TextIO) -> None:
    """Let what is written to a stream from now on, or was not flushed, go nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def reader_left() -> int:
    """
    Let standard output go nowhere, whose reader left.

    :returns: the exit code, as a shell has it of commands that SIGPIPE ends.
    """
    write_nowhere(sys.stdout)
    return 128 + signal.SIGPIPE
