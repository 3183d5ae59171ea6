"""
Random networks through the optimiser and through the whole compiler, against ONNX Runtime.

``make test-random`` compiles 400 of them, the usual tests fewer (``--graphs``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
import math
from pathlib import Path
import random
import tempfile
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import onnx
import pytest
from random_choices import (
    best,
    bits,
    compare,
    count,
    look,
    look_up,
    pick,
    quantise,
    repeat,
)
from small_models import (
    assert_same,
    load_model,
    make_model,
    node,
    with_output_types,
    with_variants,
)

from edge_compiler import targets
from edge_compiler.compile import compile_model, Options, refusals
from edge_compiler.ops.recurrent import GATES
from edge_compiler.passes import optimise
from edge_compiler.targets.program.variants import BASELINE
from edge_perception.runtime import check_variants


class Network:
    """
    Grows a network layer by layer; a seed decides everything.

    :ivar values: name and shape of the images computed so far, the newest last.
    :ivar choices: names of integers, bools and what else is no image.
    """

    def __init__(self, seed: int) -> None:
        self.choose = random.Random(seed)
        self.numbers = np.random.default_rng(seed)
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, np.ndarray[Any, Any]] = {}
        channels, size = self.choose.choice([2, 4, 6]), self.choose.randint(3, 7)
        batch = self.choose.choice([1, 1, 1, 2])
        self.input, self.type = (batch, channels, size, size), onnx.TensorProto.FLOAT
        self.values, self.choices = [("x", self.input)], list[str]()
        if self.choose.random() < 0.2:
            self._begin_with_bytes(channels, size)

    def _begin_with_bytes(self, channels: int, size: int) -> None:
        """Read an image of bytes, channels last."""
        self.input, self.type = (self.input[0], size, size, channels), onnx.TensorProto.UINT8
        planes = self.inner("Transpose", "x", perm=[0, 3, 1, 2])
        pixels = self.inner("Cast", planes, to=onnx.TensorProto.FLOAT)
        shape = self.values.pop()[1]
        self.add("Mul", f"{pixels} {self.given(np.float32(1 / 64))}", shape)

    def constant(self, *shape: int, low: float = -1, high: float = 1) -> str:
        name = f"c{len(self.constants)}"
        bounded = math.sqrt(math.prod(shape[1:])) if len(shape) == 4 else 1
        numbers = self.numbers.uniform(low, high, shape) / bounded
        self.constants[name] = numbers.astype(np.float32)
        return name

    def given(self, numbers: object) -> str:
        """Return a constant of these numbers, integers or float32."""
        self.constants[name := f"c{len(self.constants)}"] = np.asarray(numbers)
        return name

    def add(self, op: str, inputs: str, shape: tuple[int, ...], **attributes: Any) -> None:
        name = f"v{len(self.values)}_{len(self.nodes)}"
        self.nodes.append(node(op, inputs, name, **attributes))
        self.values.append((name, shape))

    def inner(self, op: str, inputs: str, **attributes: Any) -> str:
        """Add a node whose result is no image of float32; return its name."""
        self.choices.append(name := f"i{len(self.nodes)}")
        self.nodes.append(node(op, inputs, name, **attributes))
        return name

    def grow(self) -> None:
        """Add one layer, mostly behind the newest value."""
        layer = self.choose.choice(LAYERS)
        recent = self.choose.choice([-1, -1, -1, -2])
        layer(self, *self.values[max(recent, -len(self.values))])


def conv(net: Network, name: str, shape: tuple[int, ...]) -> None:
    group = net.choose.choice([g for g in (1, 2, shape[1]) if shape[1] % g == 0])
    outputs = net.choose.choice([shape[1], 2 * shape[1]])
    kernel = net.choose.choice([1, 3])
    pad = kernel // 2 if net.choose.random() < 0.5 or min(shape[2:]) < kernel else 0
    w = net.constant(outputs, shape[1] // group, kernel, kernel)
    if net.choose.random() < 0.2:  # of the same bytes as others of the same size
        net.constants[w][:] = 0.1
    bias = net.constant(outputs) if net.choose.random() < 0.5 else ""
    size = tuple(side + 2 * pad - kernel + 1 for side in shape[2:])
    net.add("Conv", f"{name} {w} {bias}", (shape[0], outputs, *size), group=group, pads=[pad] * 4)


def batch_norm(net: Network, name: str, shape: tuple[int, ...]) -> None:
    numbers = [net.constant(shape[1]) for _ in range(3)]
    variance = net.constant(shape[1], low=0.3, high=2)
    net.add("BatchNormalization", " ".join([name, *numbers, variance]), shape)


def arithmetic(net: Network, name: str, shape: tuple[int, ...]) -> None:
    op = net.choose.choice(["Add", "Sub", "Mul", "Div"])
    dims = net.choose.choice([(), (shape[1], 1, 1), (1, 1, 1, shape[3]), shape])
    other = net.constant(*dims, low=0.5, high=2)
    swap = op != "Div" and net.choose.random() < 0.5
    net.add(op, f"{other} {name}" if swap else f"{name} {other}", shape)


def activation(net: Network, name: str, shape: tuple[int, ...]) -> None:
    op = net.choose.choice([*PLAIN, "Gelu", "Clip"])
    bounds = f"{net.constant(low=-1, high=0)} -" if op == "Clip" else ""
    form = {"approximate": net.choose.choice(["none", "tanh"])} if op == "Gelu" else {}
    net.add(op, f"{name} {bounds}", shape, **form)


def gate(net: Network, name: str, shape: tuple[int, ...]) -> None:
    net.add(net.choose.choice(["Sigmoid", "HardSigmoid"]), name, shape)
    net.add("Mul", f"{net.values[-1][0]} {name}", shape)


def join(net: Network, name: str, shape: tuple[int, ...]) -> None:
    others = [other for other, size in net.values if size == shape]
    other = net.choose.choice(others)
    if net.choose.random() < 0.75:
        op = net.choose.choice(["Add", "Sum", "Sub", "Mul", "Max", "Min"])
        net.add(op, f"{name} {other}", shape)
    elif math.prod(shape) < 4000:
        axis = net.choose.choice([1, 1, 2, 3])
        parts = net.choose.choice([[name, other], [name, name], [other, name, other]])
        joined = tuple(s * len(parts) if i == axis else s for i, s in enumerate(shape))
        net.add("Concat", " ".join(parts), joined, axis=axis)


def flip(net: Network, name: str, shape: tuple[int, ...]) -> None:
    """Take along one axis or two, backwards or all but the first."""
    axes = net.choose.sample([1, 2, 3], net.choose.choice([1, 2]))
    steps = [net.choose.choice([-1, -1, 1]) if shape[axis] > 1 else -1 for axis in axes]
    starts = net.given([-1 if step < 0 else 1 for step in steps])
    ends = net.given([-(2**62) if step < 0 else 2**62 for step in steps])
    taken = list(shape)
    for axis, step in zip(axes, steps, strict=True):
        taken[axis] -= step > 0
    net.add("Slice", f"{name} {starts} {ends} {net.given(axes)} {net.given(steps)}", tuple(taken))


def enlarge(net: Network, name: str, shape: tuple[int, ...]) -> None:
    """Write each pixel into several."""
    kernel, stride = net.choose.randint(1, 4), net.choose.randint(1, 3)
    if math.prod(shape) * stride**2 > 4000:
        return
    group = net.choose.choice([1, shape[1]])
    pad, more = net.choose.randint(0, (kernel - 1) // 2), net.choose.randint(0, stride - 1)
    w = net.constant(shape[1], shape[1] // group, kernel, kernel)
    size = tuple((side - 1) * stride + kernel + more - 2 * pad for side in shape[2:])
    net.add(
        "ConvTranspose",
        f"{name} {w} {net.constant(shape[1])}",
        (*shape[:2], *size),
        group=group,
        strides=[stride] * 2,
        pads=[pad] * 4,
        output_padding=[more] * 2,
    )


def same(net: Network, name: str, shape: tuple[int, ...]) -> None:
    """Pad by auto_pad, with a window that is no smaller than its stride."""
    kernel, stride = net.choose.choice([(1, 1), (2, 1), (2, 2), (3, 1), (3, 2), (3, 3), (4, 2)])
    auto = {"auto_pad": net.choose.choice(["SAME_UPPER", "SAME_LOWER"]), "strides": [stride] * 2}
    size = tuple(-(-side // stride) for side in shape[2:])
    op = net.choose.choice(["Conv", "MaxPool", "AveragePool"])
    if op == "Conv":
        w = net.constant(shape[1], shape[1], kernel, kernel)
        net.add(op, f"{name} {w}", (*shape[:2], *size), **auto)
    else:
        net.add(op, name, (*shape[:2], *size), kernel_shape=[kernel] * 2, **auto)


def resize(net: Network, name: str, shape: tuple[int, ...]) -> None:
    if math.prod(shape) > 2000:
        return
    size = [side + net.choose.randint(0, side) for side in shape[2:]]
    mode = net.choose.choice(["nearest", "linear", "cubic"])
    net.add(
        "Resize", f"{name} - - {net.given([*shape[:2], *size])}", (*shape[:2], *size), mode=mode
    )


def sample(net: Network, name: str, shape: tuple[int, ...]) -> None:
    """Sample pixels at places of any kind, some of them outside."""
    size = (net.choose.randint(1, 6), net.choose.randint(1, 6))
    grid = net.numbers.uniform(-1.3, 1.3, (shape[0], *size, 2)).astype(np.float32)
    how = {
        "mode": net.choose.choice(["linear", "nearest", "cubic"]),
        "padding_mode": net.choose.choice(["zeros", "border", "reflection"]),
        "align_corners": net.choose.randint(0, 1),
    }
    net.add("GridSample", f"{name} {net.given(grid)}", (*shape[:2], *size), **how)


def normalise(net: Network, name: str, shape: tuple[int, ...]) -> None:
    if net.choose.random() < 0.5:
        net.add("Softmax", name, shape, axis=net.choose.choice([1, 3]))
    elif net.choose.random() < 0.5:
        net.add("LRN", name, shape, size=3, alpha=0.1)
    else:
        constants = f"{net.constant(shape[1])} {net.constant(shape[1])}"
        net.add("InstanceNormalization", f"{name} {constants}", shape, epsilon=0.1)


def split(net: Network, name: str, shape: tuple[int, ...]) -> None:
    """Cut in two; both parts, and what is whole, may be read later."""
    axis = net.choose.choice([1, 1, 2, 3])
    if shape[axis] < 2:
        return
    first = net.choose.randint(1, shape[axis] - 1)
    sizes = (first, shape[axis] - first)
    parts = [f"v{len(net.values)}_{len(net.nodes)}_{side}" for side in "ab"]
    net.nodes.append(node("Split", f"{name} {net.given(sizes)}", " ".join(parts), axis=axis))
    for part, size in zip(parts, sizes, strict=True):
        net.values.append((part, (*shape[:axis], size, *shape[axis + 1 :])))


def turn(net: Network, name: str, shape: tuple[int, ...]) -> None:
    """Order the axes anew, or name them so."""
    axes = [0, *net.choose.sample([1, 2, 3], 3)]
    turned = tuple(shape[axis] for axis in axes)
    kinds = ["Transpose", "Reshape", "Identity"] + ["Squeeze"] * (shape[0] == 1)
    kind = net.choose.choice(kinds)
    if kind == "Transpose":
        net.add(kind, name, turned, perm=axes)
    elif kind == "Reshape":
        net.add(kind, f"{name} {net.given(turned)}", turned)
    elif kind == "Squeeze":
        net.add(kind, f"{name} {net.given([0])}", shape)
        net.add("Unsqueeze", f"{net.values.pop()[0]} {net.given([0])}", shape)
    else:
        net.add(kind, name, shape)


def shuffle(net: Network, name: str, shape: tuple[int, ...]) -> None:
    """Interleave the halves of the channels, as ShuffleNet does."""
    halves = (shape[0], 2, shape[1] // 2, *shape[2:])
    if shape[1] % 2:
        return
    net.add("Reshape", f"{name} {net.given(halves)}", halves)
    net.add("Transpose", net.values.pop()[0], shape, perm=[0, 2, 1, 3, 4])
    net.add("Reshape", f"{net.values.pop()[0]} {net.given(shape)}", shape)


def attention(net: Network, name: str, shape: tuple[int, ...]) -> None:
    """Weigh the channels by what they hold on average."""
    mean = (*shape[:2], 1, 1)
    if net.choose.random() < 0.5:
        net.add("GlobalAveragePool", name, mean)
    else:
        net.add("ReduceMean", f"{name} {net.given([2, 3])}", mean, keepdims=1)
    net.add("Sigmoid", *net.values[-1])
    net.add("Mul", f"{name} {net.values[-1][0]}", shape)


def tokens(net: Network, name: str, shape: tuple[int, ...]) -> None:
    """Weigh rows of pixels by how alike they are, as a transformer does."""
    count, width = math.prod(shape[:3]), shape[3]
    if count > 200:
        return
    rows, turned, alike = (count, width), (width, count), (count, count)
    net.add("Reshape", f"{name} {net.given(rows)}", rows)
    flat = net.values.pop()[0]
    if net.choose.random() < 0.5:
        scale = net.constant(width, low=0.5, high=2)
        net.add("LayerNormalization", f"{flat} {scale} {net.constant(width)}", rows, epsilon=0.1)
        flat = net.values.pop()[0]
    if net.choose.random() < 0.5:
        net.add("Gemm", f"{flat} {flat}", alike, transB=1, alpha=0.3)
    else:
        net.add("Transpose", flat, turned, perm=[1, 0])
        net.add("MatMul", f"{flat} {net.values.pop()[0]}", alike)
    net.add("Softmax", net.values.pop()[0], alike, axis=net.choose.choice([0, 1]))
    net.add("MatMul", f"{net.values.pop()[0]} {flat}", rows)
    net.add("Reshape", f"{net.values.pop()[0]} {net.given(shape)}", shape)


_REDUCTIONS = ("Mean", "Sum", "Max", "Min", "L1", "L2", "LogSumExp")


def weigh(net: Network, name: str, shape: tuple[int, ...]) -> None:
    """Combine a value with what some of its axes come down to; a difference might be noise."""
    axes = sorted(net.choose.choice([[1], [2], [3], [1, 2], [2, 3], [1, 3], [1, 2, 3]]))
    op = net.choose.choice([f"Reduce{how}" for how in _REDUCTIONS])
    kept = tuple(1 if axis in axes else size for axis, size in enumerate(shape))
    net.add(op, f"{name} {net.given(axes)}", kept)
    net.add(net.choose.choice(["Add", "Max"]), f"{name} {net.values[-1][0]}", shape)


def classify(net: Network, name: str, shape: tuple[int, ...]) -> None:
    """End like a classifier: a product of everything, and Softmax."""
    count, classes = math.prod(shape[1:]), net.choose.randint(2, 9)
    net.add("Flatten", name, (shape[0], count))
    w = net.constant(count, classes, low=-1 / math.sqrt(count), high=1 / math.sqrt(count))
    flat = net.values[-1][0]
    if net.choose.random() < 0.5:
        net.add("Gemm", f"{flat} {w} {net.constant(classes)}", (shape[0], classes))
    else:
        net.add("MatMul", f"{flat} {w}", (shape[0], classes))
    net.add("Softmax", *net.values[-1])


def scores(net: Network, name: str, shape: tuple[int, ...]) -> None:
    """End like a detector: low scores of each pixel."""
    w, bias = net.constant(3, shape[1], 1, 1), net.constant(3, low=-13, high=-11)
    net.add("Conv", f"{name} {w} {bias}", (shape[0], 3, *shape[2:]))
    net.add("Sigmoid", *net.values[-1])


def block(net: Network, name: str, shape: tuple[int, ...]) -> None:
    net.add("Conv", f"{name} {net.constant(shape[1], shape[1], 1, 1)}", shape)
    if net.choose.random() < 0.5:
        batch_norm(net, *net.values[-1])
    inner = net.values[-1][0]
    if net.choose.random() < 0.5:
        activation(net, name, shape)
        name = net.values[-1][0]
    net.add("Add", f"{inner} {name}", shape)


def pad(net: Network, name: str, shape: tuple[int, ...]) -> None:
    """Put something around an image, or cut a row off."""
    mode = net.choose.choice(["constant", "constant", "edge", "reflect", "wrap"])
    top = -1 if shape[2] > 2 and net.choose.random() < 0.2 else 1
    if min(shape[2:]) > 1:
        size = (*shape[:2], shape[2] + top, shape[3] + 1)
        net.add("Pad", f"{name} {net.given([0, 0, top, 0, 0, 0, 0, 1])}", size, mode=mode)


def pool(net: Network, name: str, shape: tuple[int, ...]) -> None:
    kernel = net.choose.choice([[2, 2], list(shape[2:])])
    if min(shape[2:]) < 2:
        return
    op = net.choose.choice(["MaxPool", "AveragePool"])
    size = tuple(side - k + 1 for side, k in zip(shape[2:], kernel, strict=True))
    net.add(op, name, (*shape[:2], *size), kernel_shape=kernel)


def magnify(net: Network, name: str, shape: tuple[int, ...]) -> None:
    """Apply a function that is not defined, or too steep, for every number."""
    net.add("Abs", name, shape)
    net.add("Softsign", *net.values.pop())
    size = net.values.pop()[0]
    net.add("Add", f"{size} {net.constant(1, low=0.5, high=2)}", shape)
    op = net.choose.choice(["Sqrt", "Log", "Reciprocal", "Exp", "Pow", "Sinh", "Cosh"])
    inner = net.values.pop()[0]
    net.add(op, f"{inner} {net.constant(1, low=-1)}" if op == "Pow" else inner, shape)


def multiply(net: Network, name: str, shape: tuple[int, ...]) -> None:
    """Come down to products and squares, of what is below one."""
    net.add("Sigmoid", name, shape)
    op = net.choose.choice(["ReduceProd", "ReduceSumSquare", "ReduceLogSum"])
    net.add(op, f"{net.values.pop()[0]} {net.given([3])}", (*shape[:3], 1))
    net.add("Add", f"{net.values.pop()[0]} {name}", shape)


def turn_round(net: Network, name: str, shape: tuple[int, ...]) -> None:
    """Apply a function of angles to what is below one, or its inverse."""
    net.add("Sigmoid", name, shape)
    op = net.choose.choice(["Tan", "Asin", "Acos", "Atanh", "Acosh"])
    if op == "Acosh":
        net.add("Add", f"{net.values.pop()[0]} {net.given(np.float32(1.5))}", shape)
    elif op != "Tan":
        net.add("Mul", f"{net.values.pop()[0]} {net.given(np.float32(0.9))}", shape)
    net.add(op, net.values.pop()[0], shape)


def add_up(net: Network, name: str, shape: tuple[int, ...]) -> None:
    """Add up pixels as they come."""
    axis = net.given(net.choose.choice([1, 2, 3]))
    sides = {"exclusive": net.choose.choice([0, 1]), "reverse": net.choose.choice([0, 1])}
    net.add("CumSum", f"{name} {axis}", shape, **sides)


def slope(net: Network, name: str, shape: tuple[int, ...]) -> None:
    net.add("PRelu", f"{name} {net.constant(shape[1], 1, 1)}", shape)


def jump(net: Network, name: str, shape: tuple[int, ...]) -> None:
    """Apply a function that jumps far from where it does."""
    net.add("Mul", f"{name} {net.constant(1, low=0, high=1e-9)}", shape)
    net.add("Add", f"{net.values.pop()[0]} {net.constant(1, low=0.6, high=0.9)}", shape)
    op = net.choose.choice(["Floor", "Ceil", "Round", "Sign", "ThresholdedRelu"])
    net.add(op, net.values.pop()[0], shape)
    net.add("Add", f"{net.values.pop()[0]} {name}", shape)


def rearrange(net: Network, name: str, shape: tuple[int, ...]) -> None:
    """Turn channels into pixels or pixels into channels, or repeat what there is."""
    images, channels, height, width = shape
    if channels % 4 == 0:
        wider = (images, channels // 4, 2 * height, 2 * width)
        net.add("DepthToSpace", name, wider, blocksize=2, mode=net.choose.choice(["DCR", "CRD"]))
    elif height % 2 == width % 2 == 0:
        net.add("SpaceToDepth", name, (images, 4 * channels, height // 2, width // 2), blocksize=2)
    elif width < 8:
        net.add("Tile", f"{name} {net.given([1, 1, 1, 2])}", (*shape[:3], 2 * width))


def recur(net: Network, name: str, shape: tuple[int, ...]) -> None:
    """Take the channels as a sequence, and the rows of each as its elements."""
    width, op = shape[3], net.choose.choice(list(GATES))
    gated, directions = GATES[op] * width, net.choose.choice([1, 2])
    sequence, states = (
        (shape[0] * shape[1], *shape[2:]),
        (shape[0] * shape[1], directions, *shape[2:]),
    )
    if directions * math.prod(shape) > 1000:
        return
    net.add("Reshape", f"{name} {net.given(sequence)}", sequence)
    weights = [net.constant(directions, gated, width) for _ in range(2)]
    biases = net.constant(directions, 2 * gated)
    inputs = " ".join([net.values.pop()[0], *weights, biases])
    direction = net.choose.choice(["forward", "reverse"]) if directions == 1 else "bidirectional"
    net.add(op, inputs, states, hidden_size=width, direction=direction)
    image = (shape[0], shape[1], shape[2] * directions, width)
    net.add("Reshape", f"{net.values.pop()[0]} {net.given(image)}", image)


Layer = Callable[[Network, str, tuple[int, ...]], None]
LAYERS: tuple[Layer, ...] = (conv, conv, batch_norm, batch_norm, arithmetic, activation)
LAYERS += (activation, gate, join, join)
LAYERS += (compare, count, best, look_up, repeat, pick, quantise, look, bits)
LAYERS += (pad, pool, block, flip, same, resize, normalise, split, turn, shuffle, attention)
LAYERS += (tokens, weigh, magnify, multiply, slope, jump, rearrange)
LAYERS += (enlarge, sample, recur, turn_round, add_up)
PLAIN = (
    "Relu",
    "LeakyRelu",
    "Sigmoid",
    "HardSwish",
    "Tanh",
    "Elu",
    "Erf",
    "Dropout",
    "Neg",
    "Abs",
    "Selu",
    "Softplus",
    "Softsign",
    "Sin",
    "Cos",
    "Atan",
    "Asinh",
)
ENDS = (activation, scores, classify)


def make_network(seed: int, ends: Sequence[Layer] = ENDS) -> onnx.ModelProto:
    net = Network(seed)
    for _ in range(net.choose.randint(2, 20)):
        net.grow()
    net.choose.choice(ends)(net, *net.values[-1])
    names = [*net.choices, *(name for name, _ in net.values if name != "x")]
    extra = net.choose.sample(names, min(len(names), net.choose.choice([0, 0, 1, 2])))
    outputs = list(dict.fromkeys([*extra, names[-1]]))
    types = {"x": net.type}
    model = make_model(net.nodes, {"x": net.input}, net.constants, outputs, types=types)
    return with_output_types(model)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.integers(0, 2**32 - 1))
def test_random_network(seed: int) -> None:
    model = make_network(seed, (activation, classify))  # low scores are inexact there, too
    with tempfile.TemporaryDirectory() as folder:
        graph = load_model(model, Path(folder))
    optimise(graph)
    assert refusals(graph, targets.get("host")) == []
    assert [value.name for value in graph.outputs] == [v.name for v in model.graph.output]
    computed = {id(value) for value in graph.inputs}
    for n in graph.nodes:  # in execution order, and every name still one of the model's
        assert all(value.constant is not None or id(value) in computed for value in n.reads())
        computed |= {id(value) for value in n.outputs}
    assert_same(graph, model, tolerance=1e-4)  # a chance network may amplify rounding


LEFT_OUT = {"RoiAlign"}
"""ONNX Runtime has none of the opset in which graphs are compared after the passes."""


def test_every_operator_occurs() -> None:
    used = {n.op_type for seed in range(100) for n in make_network(seed).graph.node}
    assert {op for op in targets.get("host").support() if onnx.defs.has(op)} - used == LEFT_OUT


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "compiled_seed" in metafunc.fixturenames:
        metafunc.parametrize("compiled_seed", range(metafunc.config.getoption("--graphs")))


def test_random_network_is_proven(
    compiled_seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(targets.TARGETS, "host", with_variants("host", BASELINE))
    onnx.save(make_network(compiled_seed), tmp_path / "random.onnx")
    bundle = tmp_path / "random.edge"
    compile_model(tmp_path / "random.onnx", bundle, Options(), lambda *_: None)
    check_variants(bundle)
