"""
How near matrix products and attention come to the processor's peak: ``python -m bench.products``.

Each is compiled as a model of its own and profiled with one thread; at least 85 % is wanted for
128 tokens and more. The exit code is 1 if one has less. The time of attention is that of its
products and of Softmax between them, in one step or several.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
import json
from pathlib import Path
import subprocess
import sys
import tempfile

import onnx

from bench.cache import BenchError
from bench.command import counts, run_alone
from bench.tokens import TokenBuilder
from edge_compiler.terminal import say, say_table
from edge_compiler.units import Quantity

TOKENS = (128, 197, 256, 577)
ENOUGH = 128
LEAST = 0.85
"""Of the peak."""
SECONDS = 2
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


def share_of_peak(model: onnx.ModelProto, folder: Path) -> float:
    """
    Compile and profile a model, and return the share of the peak of all products and Softmax.

    :raises BenchError: if one fails, with what it said.
    """
    file, bundle = folder / "model.onnx", folder / "model.edge"
    onnx.save(model, file)
    _edgec("compile", str(file), "-o", str(bundle))
    profile = json.loads(
        _edgec("profile", str(bundle), "--threads", "1", "--seconds", f"{SECONDS}", "--json")
    )
    if profile["peak_gflops"] is None:
        raise BenchError("the processor's peak can't be measured: it needs a C compiler")
    steps = [step for step in profile["steps"] if step["kernel"].startswith(KERNELS)]
    milliseconds = sum(step["milliseconds"] for step in steps)
    at_peak = sum(step["milliseconds"] * (step["share_of_peak"] or 0) for step in steps)
    return float(at_peak / milliseconds)


def _edgec(*arguments: str) -> str:
    command = [sys.executable, "-m", "edge_compiler", *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise BenchError(done.stderr.strip())
    return done.stdout


def measure(tokens: list[int]) -> int:
    """Print a table, and return the exit status."""
    rows: list[list[object]] = []
    least = 1.0
    for kind, build in KINDS.items():
        with tempfile.TemporaryDirectory() as folder:
            shares = [share_of_peak(build(count), Path(folder)) for count in tokens]
        least = min([least, *(s for s, n in zip(shares, tokens, strict=True) if n >= ENOUGH)])
        rows.append([kind, *(Quantity(f"{share:.0%}") for share in shares)])
    say_table(["share of the peak, 1 thread", *(f"{count} tokens" for count in tokens)], rows)
    say(f"at least {least:.0%}; wanted from {ENOUGH} tokens on: {LEAST:.0%}")
    return 0 if least >= LEAST else 1


def main() -> int:
    """Return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench.products", description=__doc__)
    parser.add_argument("--tokens", type=counts, default=list(TOKENS), help="default: %(default)s")
    arguments = parser.parse_args()
    return run_alone(lambda: measure(arguments.tokens))


if __name__ == "__main__":
    sys.exit(main())
