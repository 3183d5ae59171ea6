# PYTHON_ARGCOMPLETE_OK
"""The start of ``edgec``: the compiler, or what there is of it where only numpy is installed."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
import os
import signal
import sys
from types import FrameType
from typing import NoReturn

from edge_compiler.supervise import supervise

PACKAGES = ("argcomplete", "jinja2", "onnx", "onnxruntime", "PIL", "rich")
"""What the extra ``compiler`` of pyproject.toml installs, as it is imported."""
_LAST_STANDARD = 2
"""Number of standard error."""


def main(argv: Sequence[str] | None = None) -> int:
    """
    Run a command.

    :returns: the exit code.
    """
    if "_ARGCOMPLETE" in os.environ:  # the shell waits for words
        return _run(argv)
    return supervise(lambda: _run(argv))


def _run(argv: Sequence[str] | None) -> int:
    signal.signal(signal.SIGINT, _interrupt_once)
    _open_closed_streams()
    for stream in (sys.stdout, sys.stderr):  # what can't be written in this locale is escaped
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        if all(map(find_spec, PACKAGES)):
            from edge_compiler.cli import main as run
        else:
            from edge_perception.runtime.__main__ import main as run
        return run(argv)  # which loads more when it is needed
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except (
        ImportError,
        MemoryError,
        OSError,
        SystemError,
    ) as error:  # SystemError: CPython's
        reason = " ".join(str(error).split()) or type(error).__name__
        sys.stderr.write(f"edgec: error: it can't go on, a library can't be loaded: {reason}\n")
        return 1


def _open_closed_streams() -> None:
    """Let what was started without an output write nowhere, and not into a file of its own."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= _LAST_STANDARD:
        pass
    os.close(descriptor)
    sys.stdout = sys.stdout or os.fdopen(1, "w", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", closefd=False)


def _interrupt_once(number: int, _frame: FrameType | None) -> NoReturn:
    """Leave through the exception path, which a second signal to the same end must not cut."""
    signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt
