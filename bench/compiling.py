"""Measures what it costs to compile a network of many different convolutions."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
import random
import resource
import subprocess
import sys
import tempfile

import onnx

from bench.builder import Builder
from bench.command import positive, run

SIZE = 64
LEAST_SIZE = 8
"""Of an image, which is doubled before it would become smaller."""
KERNELS = (1, 1, 3, 3, 3, 5)
CHANNELS = range(17, 128)
DOWN = 0.15
"""Of the convolutions have a stride of 2."""


def different(count: int) -> onnx.ModelProto:
    """Build a chain of convolutions no two of which are alike in window, channels and size."""
    net, choose = Builder("different", SIZE), random.Random(0)
    x, size = net.image, SIZE
    seen: set[tuple[int, ...]] = set()
    while len(seen) < count:
        if size < LEAST_SIZE:
            x, size = net.upsample(x), 2 * size
        stride = 2 if choose.random() < DOWN else 1
        kernel, channels = choose.choice(KERNELS), choose.choice(CHANNELS)
        one = (kernel, stride, net.features(x), channels, size)
        if one not in seen:
            seen.add(one)
            x, size = net.conv(x, channels, kernel, stride), -(-size // stride)
    return net.model(y=x)


def seconds(model: Path, folder: Path) -> float:
    """Return the CPU seconds of ``edgec compile`` with all its processes, compilers included."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = ["-m", "edge_compiler", "compile", str(model), "-o", str(folder / "model.edge")]
    environment = {**os.environ, "CCACHE_DISABLE": "1"}
    subprocess.run([sys.executable, *command], env=environment, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure(count: int) -> None:
    """Compile, and print how long that took."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = folder / "different.onnx"
        onnx.save(different(count), model)
        print(f"{count} different convolutions: {seconds(model, folder):.1f} CPU seconds")


def main() -> int:
    """Return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench.compiling", description=__doc__)
    parser.add_argument("--count", type=positive, default=100, help="of convolutions (100)")
    arguments = parser.parse_args()
    return run(lambda: measure(arguments.count))


if __name__ == "__main__":
    sys.exit(main())
