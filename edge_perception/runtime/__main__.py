"""
``edgec`` where only numpy is installed, as on a robot: it can check bundles.

``edgec`` starts it where the compiler's packages are missing (`edge_compiler.entry`).
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
import json
from pathlib import Path
import sys

from edge_perception.runtime import BundleError, check_variants, read_manifest

COMPILER = "in a checkout of edge_perception, pip install '.[compiler]'"


def main(argv: Sequence[str] | None = None) -> int:
    """
    Run a command.

    :returns: the exit code.
    """
    parser = argparse.ArgumentParser(
        prog="edgec",
        description="Check bundles that edgec has compiled.",
        epilog=f"The other commands of edgec need the compiler: {COMPILER}. "
        "Exit codes: 0 right, 1 refused or wrong, 2 wrong usage, 130 interrupted.",
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    command = commands.add_parser("verify", help="check a bundle's files and run its self-test")
    command.add_argument("bundle", type=Path, metavar="OUT.edge", help="the bundle")
    command.add_argument("--json", action="store_true", help="print JSON, for programs")
    given = sys.argv[1:] if argv is None else list(argv)
    if given and not given[0].startswith("-") and given[0] not in commands.choices:
        return _fail(f"the command {given[0]!r} needs the compiler: {COMPILER}")
    arguments = parser.parse_args(given)
    try:
        files = len(read_manifest(arguments.bundle).files)
        errors = check_variants(arguments.bundle)
    except BundleError as refusal:
        return _fail(str(refusal))
    except KeyboardInterrupt:
        return 130
    if arguments.json:
        findings = {"bundle": str(arguments.bundle), "files": files, "selftest_errors": errors}
        print(json.dumps(findings, indent=2))
        return 0
    print(f"files: {files} as the manifest says")
    for variant, error in errors.items():
        print(f"self-test: relative error {error:.1e} ({variant})")
    print(f"nodes: not compared, that needs ONNX Runtime: {COMPILER}")
    print(f"{arguments.bundle} is right")
    return 0


def _fail(sentence: str) -> int:
    print(f"edgec: error: {sentence}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
