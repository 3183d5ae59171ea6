"""
``edgec`` where only numpy is installed, as on a robot: it can check, install and finish bundles.

``edgec`` starts it where the compiler's packages are missing (`edge_compiler.entry`).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
import json
from pathlib import Path
import sys

from edge_perception.runtime import BundleError, check_variants, read_contents
from edge_perception.runtime.command import (
    add_arguments,
    add_keys,
    run_install,
    signed_by,
    SUMMARY,
    trust_of,
)
from edge_perception.runtime.nowhere import reader_left
from edge_perception.runtime.parser import add_command, CommandParser
from edge_perception.runtime.tensorrt import command as finishing

COMPILER = "in a checkout of edge_perception, pip install '.[compiler]'"


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    parser: argparse.ArgumentParser = CommandParser(
        prog="edgec",
        description="Check, install and finish bundles that edgec has compiled.",
        epilog=f"The other commands of edgec need the compiler: {COMPILER}. "
        "Exit codes: 0 right, 1 refused or wrong, 2 wrong usage, 130 interrupted, 141 who read "
        "left.",
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, (summary, add, run) in _COMMANDS.items():
        command = add_command(commands, name, summary)
        add(command)
        command.set_defaults(run=run)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """
    Run a command.

    :returns: the exit code.
    """
    parser = build_parser()
    given = sys.argv[1:] if argv is None else list(argv)
    if given and not given[0].startswith("-") and given[0] not in _COMMANDS:
        return _fail(f"the command {given[0]!r} needs the compiler: {COMPILER}")
    arguments = parser.parse_args(given)
    try:
        code: int = arguments.run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:  # who read what is shown has seen enough
        return reader_left()
    except BundleError as refusal:
        return _fail(str(refusal))
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        return _fail(f"{error.strerror or error}{where}")
    except KeyboardInterrupt:
        return 130
    return code


def _add_verify(command: argparse.ArgumentParser) -> None:
    command.add_argument("bundle", type=Path, metavar="OUT.edge", help="the bundle")
    add_keys(command)
    command.add_argument("--json", action="store_true", help="print JSON, for programs")


def _verify(arguments: argparse.Namespace) -> int:
    trust = trust_of(arguments)
    contents = read_contents(arguments.bundle, trust)
    errors = check_variants(arguments.bundle, trust)
    signature = signed_by(contents, trust)
    if arguments.json:
        findings = {
            "bundle": str(arguments.bundle),
            "files": contents.count,
            "signature": signature,
            "selftest_errors": errors,
        }
        print(json.dumps(findings, indent=2))
        return 0
    print(f"files: {contents.count} as the manifest says")
    print(f"signature: {signature}")
    for variant, error in errors.items():
        print(f"self-test: relative error {error:.1e} ({variant})")
    print(f"nodes: not compared, that needs ONNX Runtime: {COMPILER}")
    print(f"{arguments.bundle} is right")
    return 0


def _fail(sentence: str) -> int:
    print(f"edgec: error: {sentence}", file=sys.stderr)
    return 1


_COMMANDS: Mapping[
    str,
    tuple[str, Callable[[argparse.ArgumentParser], None], Callable[[argparse.Namespace], int]],
] = {
    "verify": ("check a bundle's files and run its self-test", _add_verify, _verify),
    "install": (SUMMARY, add_arguments, run_install),
    "finish": (finishing.SUMMARY, finishing.add_arguments, finishing.run_finish),
}
"""What each is for, what adds its arguments, what runs it."""


if __name__ == "__main__":
    sys.exit(main())
