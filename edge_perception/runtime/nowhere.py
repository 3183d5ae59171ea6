"""What is printed when those who read it have seen enough, as `head` and `less` have."""

from __future__ import annotations

import os
import signal
from typing import TextIO

READER_LEFT = 128 + signal.SIGPIPE
"""The exit code of a command whose reader left, as a shell has it of those whom SIGPIPE ends."""


def write_nowhere(stream: TextIO) -> None:
    """Let what is written to a stream from now on, or was not flushed, go nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
