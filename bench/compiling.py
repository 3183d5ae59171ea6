"""Measures what compiling takes: seconds for many different convolutions, memory for weights."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
import os
from pathlib import Path
import random
import resource
import subprocess
import sys
import tempfile

import onnx

from bench.builder import Builder
from bench.cache import BenchError, network_file
from bench.command import positive, run
from bench.transport.footprint import memory, tree

SIZE = 64
LEAST_SIZE = 8
"""Of an image, which is doubled before it would become smaller."""
KERNELS = (1, 1, 3, 3, 3, 5)
CHANNELS = range(17, 128)
DOWN = 0.15
"""Of the convolutions have a stride of 2."""
LARGE = "resnet50"
"""The network that has the most weights."""
PERIOD_S = 0.05
"""Between two looks at the memory."""


@dataclass(frozen=True)
class Cost:
    """
    What a command took, with all processes that it started.

    :ivar seconds: of the processors.
    :ivar peak: the most bytes of memory that they had together; shared ones count once.
    """

    seconds: float
    peak: int


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


def compile_cost(model: Path, folder: Path, environment: Mapping[str, str]) -> Cost:
    """
    Run ``edgec compile``, and return what it took, compilers included.

    :param folder: gets the bundle.
    :param environment: variables beyond those of this process.
    :raises BenchError: if it fails, with what it said.
    """
    before, peak = resource.getrusage(resource.RUSAGE_CHILDREN), 0
    command = ["-m", "edge_compiler", "compile", str(model), "-o", str(folder / "model.edge")]
    with subprocess.Popen(
        [sys.executable, *command],
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        said = None
        while said is None:
            peak = max(peak, memory(tree([process.pid])))
            with suppress(subprocess.TimeoutExpired):
                _, said = process.communicate(timeout=PERIOD_S)
    if process.returncode:
        raise BenchError(f"{model} can't be compiled: {said}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Cost(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, peak)


def measure(count: int) -> None:
    """Compile, and print what that took."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = folder / "different.onnx"
        onnx.save(different(count), model)
        cost = compile_cost(model, folder, {"CCACHE_DISABLE": "1"})
        print(f"{count} different convolutions: {cost.seconds:.1f} CPU seconds")
        model = network_file(LARGE)
        peak, weights = compile_cost(model, folder, {}).peak, model.stat().st_size
        print(
            f"{LARGE}, a file of {weights / 2**20:.0f} MiB: {peak / 2**20:.0f} MiB of memory, "
            f"{peak / weights:.2f} times as much"
        )


def main() -> int:
    """Return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench.compiling", description=__doc__)
    parser.add_argument("--count", type=positive, default=100, help="of convolutions (100)")
    arguments = parser.parse_args()
    return run(lambda: measure(arguments.count))


if __name__ == "__main__":
    sys.exit(main())
