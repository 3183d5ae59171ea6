"""
What 8-bit integers gain: ``python -m bench.int8 [NETWORK ...]``.

Each network of the benchmark is quantised by ONNX Runtime's quantiser, with random pictures: what
the integers are makes no difference to the time. Both it and the network in float32 run on one
thread in turns, as compiled libraries and in ONNX Runtime.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
import math
from pathlib import Path
import sys
import tempfile
import time

import numpy as np
import onnx
import onnxruntime as ort
from onnxruntime.quantization import CalibrationDataReader, quantize_static, QuantType

from bench.networks import NETWORKS
from edge_compiler import frontend, passes, targets
from edge_compiler.description import Description
from edge_compiler.progress import Progress
from edge_compiler.sandbox import NativeSandbox
from edge_compiler.terminal import say_table

USUAL = ("squeezenet1.1", "mobilenet_v2")
SECONDS, PICTURES = 2.0, 3
_KEPT_IN_FLOAT = ("Softmax",)
Run = Callable[[], object]


class _Pictures(CalibrationDataReader):  # type: ignore[misc]
    """A few random pictures."""

    def __init__(self, model: onnx.ModelProto) -> None:
        value = model.graph.input[0]
        shape = [dimension.dim_value for dimension in value.type.tensor_type.shape.dim]
        random = np.random.default_rng(0)
        pictures = (random.standard_normal(shape, np.float32) for _ in range(PICTURES))
        self._feeds: Iterator[dict[str, object]] = ({value.name: x} for x in pictures)

    def get_next(self) -> dict[str, object] | None:
        """Return the next picture; None after the last one."""
        return next(self._feeds, None)


def quantise(model: onnx.ModelProto, folder: Path) -> tuple[Path, Path]:
    """Write a network and its quantised form; return the paths of both."""
    plain, integers = folder / "float32.onnx", folder / "int8.onnx"
    onnx.save(model, plain)
    operators = sorted({node.op_type for node in model.graph.node} - set(_KEPT_IN_FLOAT))
    quantize_static(
        plain,
        integers,
        _Pictures(model),
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        op_types_to_quantize=operators,
    )
    return plain, integers


def compiled(path: Path, folder: Path, stack: ExitStack) -> Run:
    """Return what runs a network, compiled without a proof."""

    def silent(what: str, done: int, total: int) -> None:
        """Show nothing."""

    progress: Progress = silent
    graph = frontend.load(path)
    passes.optimise(graph)
    folder.mkdir()
    target = targets.get("host")
    model = target.build(graph, Description("bench", ""), folder, progress)
    sandbox = stack.enter_context(NativeSandbox(folder / "model.so"))
    inputs = {t.name: np.zeros(t.shape, t.form.type.numpy) for t in model.inputs}
    return lambda: sandbox.measure(1, inputs, SECONDS / 10)


def _onnx_runtime(path: Path) -> Run:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    feeds = {x.name: np.zeros(x.shape, np.float32) for x in session.get_inputs()}

    def run() -> list[float]:
        times: list[float] = []
        until = time.perf_counter() + SECONDS / 10
        while not times or time.perf_counter() < until:
            start = time.perf_counter()
            session.run(None, feeds)
            times.append(1e3 * (time.perf_counter() - start))
        return times

    return run


def measure(name: str) -> list[float]:
    """Return the least milliseconds of ours and ONNX Runtime's, each in float32 and int8."""
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as stack:
        folder = Path(scratch)
        paths = quantise(NETWORKS[name](), folder)
        runs = [compiled(path, folder / path.stem, stack) for path in paths]
        runs += [_onnx_runtime(path) for path in paths]
        best = [math.inf] * len(runs)
        for _ in range(10):
            for index, run in enumerate(runs):
                best[index] = min(best[index], *run())  # type: ignore[misc]
    return best


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("networks", nargs="*", default=USUAL, metavar="NETWORK")
    names = parser.parse_args(arguments).networks
    rows, gains = [], []
    for name in names:
        ours, ours8, theirs, theirs8 = measure(name)
        gains.append(ours / ours8)
        numbers = (ours, ours8, ours / ours8, theirs, theirs8, theirs8 / ours8)
        rows.append([name, *(round(x, 2) for x in numbers)])
    columns = ["network", "float32", "int8", "gain", "ORT float32", "ORT int8", "ORT int8 / ours"]
    say_table(columns, rows, "Milliseconds a run, one thread, the least of many")
    mean = math.exp(sum(map(math.log, gains)) / len(gains))
    print(f"int8 is {mean:.2f} times as fast as float32, by geometric mean")
    return 0


if __name__ == "__main__":
    sys.exit(main())
