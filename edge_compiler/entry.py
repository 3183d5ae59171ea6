# PYTHON_ARGCOMPLETE_OK
"""The start of ``edgec``: the compiler, or what there is of it where only numpy is installed."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec

PACKAGES = ("argcomplete", "jinja2", "onnx", "onnxruntime", "PIL", "rich")
"""What the extra ``compiler`` of pyproject.toml installs, as it is imported."""


def main(argv: Sequence[str] | None = None) -> int:
    """
    Run a command.

    :returns: the exit code.
    """
    if all(map(find_spec, PACKAGES)):
        from edge_compiler.cli import main as run
    else:
        from edge_perception.runtime.__main__ import main as run
    return run(argv)
