"""What the tests of ``edgec`` share: to run it, and to see it refuse in one sentence."""

from __future__ import annotations

import json
import os
from pathlib import Path
import signal

import onnx
import pytest
from small_models import make_model, node, weights

from edge_compiler import cli

Capture = pytest.CaptureFixture[str]


def run(*arguments: object) -> int:
    """Call ``cli.main``, and undo what it sets up for the process that it thinks is its own."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        return cli.main([str(argument) for argument in arguments])
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def run_json(capsys: Capture, *arguments: object) -> object:
    assert run(*arguments, "--json") == 0
    return json.loads(capsys.readouterr().out)


def refusal(capsys: Capture, *arguments: object) -> str:
    """Return the one sentence that says why edgec refused."""
    assert run(*arguments) == 1
    captured = capsys.readouterr()
    lines = [line for line in captured.err.splitlines() if not line.endswith(" ...")]
    assert captured.out == ""
    assert len(lines) == 1, captured.err
    assert lines[0].startswith("edgec: error: ")
    return lines[0].removeprefix("edgec: error: ")


def pipe_with(text: str) -> Path:
    """Return what a shell gives for ``<(printf TEXT)``: it can be read once."""
    reader, writer = os.pipe()
    os.write(writer, text.encode())
    os.close(writer)
    return Path(f"/dev/fd/{reader}")


def small() -> onnx.ModelProto:
    nodes = [node("Conv", "x w", "c"), node("Relu", "c", "y")]
    return make_model(nodes, {"x": [1, 2, 5, 5]}, {"w": weights(4, 2, 3, 3)})
