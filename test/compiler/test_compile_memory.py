"""What a compile takes of memory, with all processes that it starts, grows with the weights."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
import subprocess
import sys

import numpy as np
import onnx
from small_models import make_model, node

MOST = 2.5
"""Times the weights: they are in memory once, while Python and compilers take their share."""
PERIOD_S = 0.05
"""Between two looks at the memory."""


def large_model() -> onnx.ModelProto:
    """Return a network whose weights are far larger than what it computes."""
    random = np.random.default_rng(0)
    shapes = {"w1": (512, 512, 3, 3), "w2": (512, 6000), "w3": (6000, 4000), "w4": (4000, 1000)}
    weights = {
        name: random.standard_normal(shape, np.float32) * np.float32(0.02)
        for name, shape in shapes.items()
    }
    return make_model(
        [
            node("Conv", "x w1", "a", pads=[1, 1, 1, 1]),
            node("GlobalAveragePool", "a", "b"),
            node("Flatten", "b", "c"),
            node("Gemm", "c w2", "d"),
            node("Relu", "d", "e"),
            node("Gemm", "e w3", "f"),
            node("Gemm", "f w4", "y"),
        ],
        {"x": [1, 512, 14, 14]},
        weights,
    )


def processes(pid: int) -> Iterator[Path]:
    """Yield the folders in /proc of a process and of those that it has started."""
    folder = Path(f"/proc/{pid}")
    yield folder
    for children in folder.glob("task/*/children"):
        for child in children.read_text().split():
            yield from processes(int(child))


def resident(pid: int) -> int:
    """Return the bytes that a process and its children have in memory; shared ones count once."""
    total = 0
    for folder in processes(pid):
        for line in (folder / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1]) * 1024
    return total


def peak_of(command: list[str]) -> int:
    """Run a command, and return the most that was resident."""
    peak = 0
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        while True:
            try:
                _, said = process.communicate(timeout=PERIOD_S)
                break
            except subprocess.TimeoutExpired:
                try:
                    peak = max(peak, resident(process.pid))
                except OSError:
                    continue  # one of them has ended meanwhile
    assert process.returncode == 0, said
    return peak


def test_weights_are_in_memory_once(tmp_path: Path) -> None:
    model = tmp_path / "large.onnx"
    onnx.save(large_model(), model)
    command = ["-m", "edge_compiler", "compile", str(model), "-o", str(tmp_path / "large.edge")]
    peak, weights = peak_of([sys.executable, *command]), model.stat().st_size
    assert peak > weights
    assert peak <= MOST * weights
