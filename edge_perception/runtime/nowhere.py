"""What is printed when those who read it have seen enough, as `head` and `less` have."""

from __future__ import annotations

import os
from typing import TextIO


def write_nowhere(stream: TextIO) -> None:
    """Let what is written to a stream from now on, or was not flushed, go nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
