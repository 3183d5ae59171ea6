"""What all back ends of a library share: the program of steps, its memory, its run-time part."""

from pathlib import Path

RUNTIME = Path(__file__).parent / "runtime"
"""The C of every library: the C interface, threads, camera frames."""
INCLUDE = Path(__file__).parents[1] / "include"
"""The C interface's header, which users of a library include."""
