"""
Damaged ONNX files: edgec says one sentence or does its work, and never shows a traceback.

``make test-mutated`` tries 10,000 of them, the usual tests fewer (``--files``).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
import os
from pathlib import Path
import random
import resource

from damage import cut, flipped, repeated
from google.protobuf.descriptor import FieldDescriptor  # type: ignore[import-untyped]
from google.protobuf.message import Message  # type: ignore[import-untyped]
import onnx
from operator_models import OPERATOR_MODELS
import pytest

from edge_compiler.entry import main

BATCH = 50
MOST_BYTES = 6 << 30
MOST_SECONDS = 60
NUMBERS = (-1, 0, 1, 2, 3, 7, 2**16, 2**31 - 1, -(2**31), 2**62, -(2**63))


@cache
def originals() -> list[bytes]:
    return [make().SerializeToString() for make in OPERATOR_MODELS.values()]


def joined(data: bytearray, choose: random.Random) -> bytes:
    """Protocol buffers merge what stands behind each other."""
    return bytes(data) + choose.choice(originals())


def rewritten(data: bytearray, choose: random.Random) -> bytes:
    """Change what the file says, and leave it a file that can be read."""
    model = onnx.load_from_string(bytes(data))
    for _ in range(choose.choice((1, 1, 2, 5))):
        _change(model, choose)
    return bytes(model.SerializeToString())


def _change(message: Message, choose: random.Random) -> None:
    """Change a field of the message, or of one within it."""
    fields = [entry for entry in message.ListFields() if entry[0].name != "raw_data"]
    if not fields:
        return
    field, value = choose.choice(fields)
    if field.type == FieldDescriptor.TYPE_MESSAGE:
        items = [value] if isinstance(value, Message) else value
        if not isinstance(value, Message) and choose.random() < 0.1:
            del value[choose.randrange(len(value))]
        else:
            _change(choose.choice(items), choose)
    elif hasattr(value, "append"):
        index = choose.randrange(len(value))
        if choose.random() < 0.2:
            del value[index]
        else:
            value[index] = _another(value[index], choose)
    elif field.type != FieldDescriptor.TYPE_ENUM:
        setattr(message, field.name, _another(value, choose))


def _another(value: object, choose: random.Random) -> object:
    if isinstance(value, float):
        return choose.choice((0.0, -1.0, 1e30, float("nan"), float("inf")))
    if isinstance(value, int):
        number = choose.choice((*NUMBERS, value + 1, value - 1))
        return number if -(2**31) <= number < 2**31 else value
    other = choose.choice(("", "x", "y", "Conv", "Loop", "\0", "a" * 300))
    return other.encode() if isinstance(value, bytes) else other


WAYS: tuple[Callable[[bytearray, random.Random], bytes], ...] = (
    flipped,
    cut,
    repeated,
    joined,
    rewritten,
    rewritten,
    rewritten,
)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    files = metafunc.config.getoption("--files")
    metafunc.parametrize("start", range(0, files, BATCH))


def test_mutated_files_end_in_a_sentence(start: int, tmp_path: Path) -> None:
    model = tmp_path / "model.onnx"
    for seed in range(start, start + BATCH):
        choose = random.Random(seed)
        data = bytearray(choose.choice(originals()))
        model.write_bytes(choose.choice(WAYS)(data, choose))
        code, said = edgec(model, tmp_path / "said")
        refused = [line for line in said.splitlines() if line.startswith("edgec: error: ")]
        assert "Traceback" not in said, (seed, said)
        assert (code, len(refused)) in ((0, 0), (1, 0), (1, 1)), (seed, code, said)


def edgec(model: Path, log: Path) -> tuple[int, str]:
    """Return the exit code of ``edgec analyze``, in a process of its own, and what it said."""
    child = os.fork()
    if not child:
        code = 99
        try:
            with log.open("wb") as file:
                os.dup2(file.fileno(), 1)
                os.dup2(file.fileno(), 2)
            resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
            resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))
            code = main(["analyze", str(model)])
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), log.read_text(errors="replace")
