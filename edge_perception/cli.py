# PYTHON_ARGCOMPLETE_OK
"""The start of ``edge-robot``: its commands, or what to install where only numpy is."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
import os
import signal
import sys

PACKAGES = {"yaml": "PyYAML"}
"""What every command needs of the extra ``robot`` of pyproject.toml, as it is imported."""


def main(argv: Sequence[str] | None = None) -> int:
    """
    Run a command.

    :returns: the exit code
    """
    is_up = sys.argv[1:2] == ["up"]
    if argv is None:  # while modules are loaded there is nothing to clean up
        signal.signal(signal.SIGINT, lambda *_: os._exit(0 if is_up else 128 + signal.SIGINT))
    from edge_perception import ending

    if argv is None and is_up:
        ending.at_once()
    missing = [package for module, package in PACKAGES.items() if find_spec(module) is None]
    if missing:
        print(
            f"error: edge-robot needs {' and '.join(missing)}, not installed for this Python "
            f"({sys.executable}): pip install {' '.join(missing)}",
            file=sys.stderr,
        )
        return 1
    from edge_perception.commands import main as run

    if argv is None and not is_up:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    ending.exit_code = run(argv)
    return ending.exit_code


if __name__ == "__main__":
    sys.exit(main())
