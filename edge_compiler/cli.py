# PYTHON_ARGCOMPLETE_OK
"""
``edgec``: from an ONNX model to a proven bundle for a robot.

Exit codes: 0 done, 1 refused or failed (one sentence on standard error says why), 2 wrong usage,
130 interrupted by Ctrl-C, 143 by SIGTERM.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
import os
import signal
import sys
from types import FrameType
from typing import NoReturn

import argcomplete

from edge_compiler.commands import (
    analyze,
    doctor,
    explain,
    fetch,
    finish,
    import_,
    install,
    keygen,
    ops,
    pack,
    profile,
    prune,
    quantise,
    run,
    sign,
    toolchain,
    verify,
)
from edge_compiler.commands import (
    compile as compile_,
)
from edge_compiler.errors import CompileError
from edge_compiler.terminal import note, shortened
from edge_perception.runtime.errors import BundleError
from edge_perception.runtime.nowhere import reader_left
from edge_perception.runtime.parser import CommandParser
from edge_perception.version import VERSION

COMMANDS = (
    fetch,
    import_,
    analyze,
    prune,
    quantise,
    compile_,
    verify,
    keygen,
    sign,
    pack,
    install,
    finish,
    explain,
    run,
    profile,
    ops,
    toolchain,
    doctor,
)
"""In the order in which they are used and listed."""


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    parser: argparse.ArgumentParser = CommandParser(
        prog="edgec",
        description="Compile ONNX models into libraries for robots, and prove them right.",
        epilog="Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 130 interrupted, "
        "141 who read left, 143 ended by SIGTERM.",
    )
    parser.add_argument("--version", action="version", version=f"edgec {VERSION}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.register(commands)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """
    Run a command.

    :returns: the exit code.
    """
    parser = build_parser()
    argcomplete.autocomplete(parser)
    arguments = parser.parse_args(argv)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _terminated)
    os.umask(os.umask(0o022) | 0o022)  # who can write a bundle decides what a robot runs
    try:
        code: int = arguments.run(arguments)
        sys.stdout.flush()
    except (CompileError, BundleError) as error:
        return _fail(str(error))
    except BrokenPipeError:
        # the reader (head, less) has had enough; the interpreter must not try to flush either
        return reader_left()
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        return _fail(f"{error.strerror or error}{where}")
    except MemoryError:
        return _fail("not enough memory for this model on this machine")
    except KeyboardInterrupt:
        note("edgec: interrupted")
        return 128 + signal.SIGINT
    return code


def _fail(sentence: str) -> int:
    note(f"edgec: error: {shortened(sentence)}")
    return 1


def _terminated(number: int, _frame: FrameType | None) -> NoReturn:
    """Leave through the exception path, where temporary folders are removed, undisturbed."""
    for other in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(other, signal.SIG_IGN)
    sys.exit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
