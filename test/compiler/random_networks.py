"""Random networks: layers one after another, each of which is some operator in some form."""

from __future__ import annotations

from collections.abc import Callable, Sequence
import math
import random
from typing import Any

import numpy as np
import onnx
from random_choices import best, bits, compare, count, look, look_up, pick, quantise, repeat
from random_functions import activation, arithmetic, gate, jump, magnify, slope, turn_round
from random_images import (
    attention,
    batch_norm,
    block,
    conv,
    enlarge,
    pad,
    pool,
    resize,
    same,
    sample,
)
from random_moves import flip, join, rearrange, shuffle, split, turn
from random_products import classify, recur, scores, tokens
from random_reductions import add_up, multiply, normalise, weigh
from small_models import make_model, node, with_output_types


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


Layer = Callable[[Network, str, tuple[int, ...]], None]
LAYERS: tuple[Layer, ...] = (conv, conv, batch_norm, batch_norm, arithmetic, activation)
LAYERS += (activation, gate, join, join)
LAYERS += (compare, count, best, look_up, repeat, pick, quantise, look, bits)
LAYERS += (pad, pool, block, flip, same, resize, normalise, split, turn, shuffle, attention)
LAYERS += (tokens, weigh, magnify, multiply, slope, jump, rearrange)
LAYERS += (enlarge, sample, recur, turn_round, add_up)

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
