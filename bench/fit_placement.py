"""
Fits the constants of the placement's cost model to instructions that are counted in an emulator.

``python -m bench.fit_placement`` compiles three networks, and small ones of single operators, for
both kinds of Arm machines: all on our kernels, all on Arm Compute Library (with each of its
algorithms), and mixed. It counts the instructions of every step, fits, and writes
``work_model.json`` of ``edge_compiler/targets/c`` and ``acl``. For each network it prints the
instructions on either back end, and as placed by the new constants.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
import json
import math
from pathlib import Path
import tempfile
from typing import Any

import numpy as np
import onnx
from onnx import helper, TensorProto

from bench.cache import network_file
from bench.fit_cost_model import non_negative
from edge_compiler import frontend, passes, targets, toolchain
from edge_compiler.description.describe import Description
from edge_compiler.emulation.steps import count_steps
from edge_compiler.ir.graph import Graph, Node
from edge_compiler.targets.acl import work as acl_work
from edge_compiler.targets.acl.backend import AclBackend
from edge_compiler.targets.acl.record import Op
from edge_compiler.targets.acl.requests import Request, requests_for
from edge_compiler.targets.base import BuildOptions
from edge_compiler.targets.c import work as c_work
from edge_compiler.targets.c.backend import CBackend
from edge_compiler.targets.program.placement import ALL
from edge_compiler.targets.program.work import Constants, Counts
from edge_compiler.terminal import progress, say, say_table
from edge_perception.runtime.manifest import Model

NETWORKS = ("squeezenet1.1", "mobilenet_v2", "yolo_nano")
TARGETS = ("aarch64-acl", "armv7-acl")
ACTIVATIONS = ("LeakyRelu", "Sigmoid", "Tanh", "HardSwish", "SiLU")
Fitted = dict[str, dict[str, float]]


@dataclass(frozen=True)
class Sample:
    """A node that was counted: the back end that ran it, its work, and the instructions."""

    backend: str
    kind: str
    counts: Counts
    instructions: int


@dataclass(frozen=True)
class Preferring:
    """Costs with which the library takes one of its algorithms wherever it is there."""

    op: Op

    def of(self, _node: Node, request: Request) -> float:
        """Return less for the algorithm."""
        return 0.0 if request.op is self.op else 1.0


class Fitting:
    """A target that places as it is told, and not by the constants that are to be found."""

    def __init__(self, name: str) -> None:
        self.target, self.tools = targets.get(name), toolchain.get(name)

    def count(
        self, path: Path, ours: c_work.Costs, library: acl_work.Costs, wishes: Mapping[str, str]
    ) -> Counted:
        """Compile, run in the emulator, and return the instructions of every step."""
        target = replace(self.target, home=CBackend(ours), others=(AclBackend(library),))
        with tempfile.TemporaryDirectory() as folder:
            what, options = Description(path.stem, ""), BuildOptions(places=wishes)
            model = target.build(graph_of(path), what, Path(folder), lambda *_: None, options)
            random = np.random.default_rng(0)
            inputs = {t.name: random.random(t.shape, np.float32) for t in model.inputs}
            counts = count_steps(Path(folder) / "model.so", self.tools, inputs=inputs)
        return Counted(graph_of(path), model, counts.instructions)


@dataclass(frozen=True)
class Counted:
    """A compiled network and the instructions of its steps."""

    graph: Graph
    model: Model
    instructions: Sequence[int]

    def samples(self, op: Op) -> Iterator[Sample]:
        """Yield what can be learned from it, if the library was asked to prefer ``op``."""
        nodes = {node.name: node for node in self.graph.nodes}
        values = {f"{v.name}/reorder": v for node in self.graph.nodes for v in node.outputs}
        sums: dict[str, int] = {}
        backends = {}
        for step, number in zip(self.model.steps, self.instructions, strict=True):
            sums[step.name] = sums.get(step.name, 0) + number
            backends[step.name] = step.backend
            if step.name in values and step.kernel in ("to blocks", "to channels last"):
                yield Sample("c", *c_work.reorder_work(values[step.name]), number)
        for name in sums.keys() & nodes.keys():
            requests = requests_for(nodes[name])
            if isinstance(requests, str):
                continue
            if backends[name] == "c":
                yield Sample("c", *c_work.work(nodes[name]), sums[name])
                continue
            request = next((r for r in requests if r.op is op), requests[0])
            yield Sample("acl", *acl_work.work(nodes[name], request), sums[name])


def operators(channels: int, size: int) -> onnx.ModelProto:
    """Build a network of the operators that the three have not, or not in this form."""
    nodes: list[onnx.NodeProto] = []
    constants: list[onnx.TensorProto] = []
    random = np.random.default_rng(channels)

    def add(op: str, *inputs: str, **attributes: Any) -> str:
        output = f"{op}{len(nodes)}"
        nodes.append(helper.make_node(op, list(inputs), [output], output, **attributes))
        return output

    def weights(*shape: int) -> str:
        name = f"weights{len(constants)}"
        data = np.asarray(random.standard_normal(shape) / math.sqrt(math.prod(shape[1:])))
        constants.append(onnx.numpy_helper.from_array(data.astype(np.float32), name))
        return name

    def activation(name: str, x: str) -> str:
        if name == "SiLU":
            return add("Mul", x, add("Sigmoid", x))
        return add(name, x, *((low, high) if name == "Clip" else ()))

    low, high = weights(), weights()
    window = {"kernel_shape": [3, 3], "pads": [1] * 4}
    x = add("Conv", "image", weights(channels, 3, 1, 1))
    for name in (*ACTIVATIONS, "Relu", "Clip"):
        x = activation(name, add("AveragePool", x, **window))
    for name in ACTIVATIONS:
        x = activation(name, add("Conv", x, weights(channels, channels, 1, 1)))
        x = activation(name, add("Conv", x, weights(channels, channels, 3, 3), pads=[1] * 4))
        y = add("Conv", x, weights(channels, 1, 5, 5), pads=[2] * 4, group=channels)
        x = add("Add", x, activation(name, y))
        x = add("Mul", x, add("MaxPool", x, **window))
    x = add("Softmax", x, axis=1)
    x = add("Conv", x, weights(2 * channels, channels, 3, 3), strides=[2, 2])
    x = add("Conv", x, weights(3 * channels, 2 * channels, 5, 5), pads=[2] * 4)
    x = add("Flatten", add("GlobalAveragePool", x))
    for features in (8 * channels, 10):
        x = add("MatMul", x, weights(3 * channels if features > 10 else 8 * channels, features))
    x = add("Softmax", x)
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, size, size])
    output = helper.make_tensor_value_info(x, TensorProto.FLOAT, [1, 10])
    graph = helper.make_graph(nodes, f"operators{channels}", [image], [output], constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


@cache
def _operators_files() -> tuple[tempfile.TemporaryDirectory[str], tuple[Path, ...]]:
    folder = tempfile.TemporaryDirectory()
    paths = []
    for channels, size in ((16, 40), (24, 28), (64, 15), (100, 9)):
        paths.append(Path(folder.name) / f"operators{channels}.onnx")
        onnx.save(operators(channels, size), paths[-1])
    return folder, tuple(paths)


def graph_of(path: Path) -> Graph:
    """Return an optimised graph; it is made anew each time, since compiling uses it up."""
    graph = frontend.load(path, {})
    passes.optimise(graph)
    return graph


def alternating(graph: Graph) -> dict[str, str]:
    """Place every other convolution on the library, which takes many changes of layout."""
    convolutions = [n for n in graph.nodes if not isinstance(requests_for(n), str)]
    return {node.name: ("c", "acl")[i // 2 % 2] for i, node in enumerate(convolutions)}


def fit(samples: Sequence[Sample]) -> dict[str, Fitted]:
    """Return the constants that explain the samples best, each as much as another."""
    groups: dict[tuple[str, str], list[Sample]] = {}
    for sample in samples:
        groups.setdefault((sample.backend, sample.kind), []).append(sample)
    found: dict[str, Fitted] = {"c": {}, "acl": {}}
    for (backend, kind), those in sorted(groups.items()):
        names = list(dict.fromkeys(name for sample in those for name in sample.counts))
        rows = [[sample.counts.get(name, 0.0) for name in names] for sample in those]
        totals = np.array([sample.instructions for sample in those], float)
        solution = non_negative(np.array(rows) / totals[:, None], np.ones(len(those)))
        found[backend][kind] = {
            name: float(f"{x:.4g}") for name, x in zip(names, solution, strict=True)
        }
    return found


def main() -> None:
    """Count, fit, compare, write."""
    paths = [network_file(name) for name in NETWORKS]
    folder, small = _operators_files()
    found: dict[str, dict[str, Constants]] = {"c": {}, "acl": {}}
    rows = []
    with folder, progress() as show:
        for kind in TARGETS:
            fitting, totals = Fitting(kind), {}
            samples: list[Sample] = []
            for path in (*paths, *small):
                for name, op, wishes in (
                    ("c", Op.WINOGRAD, {ALL: "c"}),
                    ("GEMM", Op.GEMM, {ALL: "acl"}),
                    ("acl", Op.WINOGRAD, {ALL: "acl"}),
                    ("mixed", Op.WINOGRAD, alternating(graph_of(path))),
                ):
                    show(f"counting {path.stem} for {kind}: {name}", 0, 0)
                    free, preferring = c_work.WorkModel({}), Preferring(op)
                    counted = fitting.count(path, free, preferring, wishes)
                    samples += counted.samples(op)
                    totals[path.stem, name] = sum(counted.instructions)
            fitted = fit(samples)
            for backend, constants in fitted.items():
                found[backend][fitting.target.triple] = constants
            ours, library = c_work.WorkModel(fitted["c"]), acl_work.WorkModel(fitted["acl"])
            for path in paths:
                placed = fitting.count(path, ours, library, {})
                steps = [s for s in placed.model.steps if s.backend == "acl"]
                alone = [totals[path.stem, name] for name in ("c", "acl")]
                millions = (round(n / 1e6, 2) for n in (*alone, sum(placed.instructions)))
                rows.append((kind, path.stem, *millions, len(steps)))
    say_table(("target", "network", "c, M", "acl, M", "placed, M", "steps on acl"), rows)
    for backend, path in (("c", c_work.CONSTANTS), ("acl", acl_work.CONSTANTS)):
        model = {"made by": "python -m bench.fit_placement", "instructions": found[backend]}
        path.write_text(json.dumps(model, indent=1) + "\n", encoding="utf-8")
        say(f"written: {path}")


if __name__ == "__main__":
    main()
