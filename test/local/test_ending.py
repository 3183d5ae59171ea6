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


@pytest.mark.parametrize(("command", "code"), [("up", 0), ("replay", 130), ("doctor", 130)])
def test_ctrl_c_while_modules_are_loaded_says_nothing(command: str, code: int) -> None:
    program = f"""
import os, signal, sys
class Interrupting:
    def find_spec(self, name, *_):
        if name == "edge_perception.robot.graph":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupting())
sys.argv = ["edge-robot", "{command}"]
from edge_perception import cli
sys.exit(cli.main())
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (code, "", "")
