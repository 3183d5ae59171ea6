"""A process ends in time, even if Python can't run any more."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("block", "code"),
    [
        ("ctypes.PyDLL(None).pause()", 7),  # with the interpreter's lock
        ("pass", 0),
    ],
)
def test_what_hangs_ends_with_the_exit_code(block: str, code: int) -> None:
    program = f"""
import ctypes, time
from edge_perception import ending
with ending.at_most(0.2, 7):
    {block}
time.sleep(0.4)
"""
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == code
