"""
How near matrix products and attention come to the processor's peak: ``python -m bench.products``.

Each is compiled as a model of its own. Runs on one thread and the peak are measured in turns, so
that a busy moment of the machine hits both. At least 85 % is wanted for 128 tokens and more, by
the fastest of both; the exit code is 1 if one has less. The time of attention is that of its
products and of Softmax between them, in one step or several.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
import statistics
import subprocess
import sys
import tempfile

import onnx

from bench.cache import BenchError
from bench.command import counts, run_alone
from bench.tokens import TokenBuilder
from edge_compiler.profiling import in_turns
from edge_compiler.targets.peak import peak_meter
from edge_compiler.terminal import say, say_table
from edge_compiler.units import Quantity
from edge_perception.runtime import BundleError, load
from edge_perception.runtime.selftest import read_selftest

TOKENS = (128, 197, 256, 577)
ENOUGH = 128
LEAST = 0.85
"""Of the peak."""
SECONDS = 2.0
"""That a model is measured."""
KERNELS = ("product", "attention", "softmax")
"""What the kernels of their steps begin with."""


def _dense(tokens: int, inputs: int, outputs: int) -> onnx.ModelProto:
    """Build a product of tokens with a matrix of weights."""
    net = TokenBuilder("dense", 16)
    x = net.conv(net.image, tokens, 1, activation=None)
    x = net.shape(x, 256, 1, tokens, 256)
    for _ in range(2):
        x = net.dense(x, inputs)
        x = net.dense(x, outputs)
    return net.model(y=x)


def _attention(tokens: int, width: int, heads: int) -> onnx.ModelProto:
    """Build attention between tokens, with its products of weights."""
    net = TokenBuilder("attention", 16)
    x = net.conv(net.image, tokens, 1, activation=None)
    x = net.dense(net.shape(x, 256, 1, tokens, 256), width)
    return net.model(y=net.attention(x, x, heads))


KINDS: dict[str, Callable[[int], onnx.ModelProto]] = {
    "192 and 768 features": lambda tokens: _dense(tokens, 192, 768),
    "384 and 1536 features": lambda tokens: _dense(tokens, 384, 1536),
    "attention, 3 heads of 64": lambda tokens: _attention(tokens, 192, 3),
    "attention, 8 heads of 32": lambda tokens: _attention(tokens, 256, 8),
}


@dataclass(frozen=True)
class Shares:
    """
    Of the peak: what all products and Softmax reach.

    :ivar fastest: the fastest run of each step beside the highest peak: what the code can do.
    :ivar median: the medians of both: what to expect beside others on this machine.
    """

    fastest: float
    median: float


def shares_of_peak(model: onnx.ModelProto, folder: Path, variant: str | None) -> Shares:
    """
    Compile a model, and measure its steps and the peak in turns.

    :param variant: the instruction set to run; None: the best.
    :raises BenchError: if one fails, with what it said.
    """
    file, bundle = folder / "model.onnx", folder / "model.edge"
    onnx.save(model, file)
    command = [sys.executable, "-m", "edge_compiler", "compile", str(file), "-o", str(bundle)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise BenchError(done.stderr.strip())
    try:
        instance = load(bundle, threads=1, variant=variant)
    except BundleError as error:
        raise BenchError(str(error)) from error
    with instance as loaded, peak_meter(loaded.variant, 1) as peak:
        if peak is None:
            raise BenchError("the processor's peak can't be measured: it needs a C compiler")
        inputs, _ = read_selftest(bundle, loaded.manifest)
        loaded.time_steps(inputs)  # the first run pays for page faults
        runs, peaks = in_turns(lambda: [loaded.time_steps(inputs)], peak, SECONDS)
        steps = loaded.manifest.model.steps
    counted = [index for index, step in enumerate(steps) if step.kernel.startswith(KERNELS)]
    operations = 2 * sum(steps[index].macs for index in counted)

    def share(of_times: Callable[[Sequence[float]], float], peak: float) -> float:
        nanoseconds = sum(of_times([run[index] for run in runs]) for index in counted)
        return operations / nanoseconds / peak

    return Shares(share(min, max(peaks)), share(statistics.median, statistics.median(peaks)))


def measure(tokens: list[int], variant: str | None) -> int:
    """Print tables, and return the exit status."""
    found: dict[str, list[Shares]] = {}
    for kind, build in KINDS.items():
        with tempfile.TemporaryDirectory() as folder:
            models = [build(count) for count in tokens]
            found[kind] = [shares_of_peak(model, Path(folder), variant) for model in models]
    _show("fastest", tokens, {kind: [x.fastest for x in some] for kind, some in found.items()})
    say()
    _show("median", tokens, {kind: [x.median for x in some] for kind, some in found.items()})
    least = min(
        (
            shares.fastest
            for some in found.values()
            for shares, count in zip(some, tokens, strict=True)
            if count >= ENOUGH
        ),
        default=1.0,
    )
    say()
    say(f"at least {least:.0%} by the fastest; wanted from {ENOUGH} tokens on: {LEAST:.0%}")
    return 0 if least >= LEAST else 1


def _show(which: str, tokens: Sequence[int], shares: Mapping[str, Sequence[float]]) -> None:
    rows = [[kind, *(Quantity(f"{x:.0%}") for x in some)] for kind, some in shares.items()]
    titles = [f"share of the peak, 1 thread, {which}", *(f"{count} tokens" for count in tokens)]
    say_table(titles, rows)


def main() -> int:
    """Return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench.products", description=__doc__)
    parser.add_argument("--tokens", type=counts, default=list(TOKENS), help="default: %(default)s")
    parser.add_argument("--variant", help="the instruction set to run: avx2 (default: the best)")
    arguments = parser.parse_args()
    return run_alone(lambda: measure(arguments.tokens, arguments.variant))


if __name__ == "__main__":
    sys.exit(main())
