# PYTHON_ARGCOMPLETE_OK
"""The start of ``edge-robot``: its commands, or what to install where only numpy is."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
import sys

from edge_perception import ending

PACKAGES = {"yaml": "PyYAML"}
"""What every command needs of the extra ``robot`` of pyproject.toml, as it is imported."""


def main(argv: Sequence[str] | None = None) -> int:
    """
    Run a command.

    :returns: the exit code
    """
    if argv is None and "up" in sys.argv:
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

    ending.exit_code = run(argv)
    return ending.exit_code


if __name__ == "__main__":
    sys.exit(main())
