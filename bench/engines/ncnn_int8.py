"""
ncnn with 8-bit integers.

ncnn's quantiser, ncnn2table and ncnn2int8, is in none of its packages. This does the same: scales
from the largest number of each layer's input and of each channel's weights, and results that stay
integers where only layers in integers read them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
import tempfile
from typing import Any

import ncnn
import numpy as np
from numpy.typing import NDArray

from bench.engines import ncnn as engine
from bench.engines.ncnn import load

__all__ = ["convert", "load"]

Array = NDArray[Any]

_INT8, _FLOAT = 0x000D4B38, 0
"""What stands before weights in a file."""
_LARGEST = 127
_SCALES, _STAYS = {"Convolution": 2, "ConvolutionDepthWise": 1, "InnerProduct": 2}, 100
"""Of a layer's parameter 8: how its scales stand in the file, and that its result stays bytes."""
_WEIGHTS = {"Convolution": 6, "ConvolutionDepthWise": 6, "InnerProduct": 2}
_BIAS = {"Convolution": 5, "ConvolutionDepthWise": 5, "InnerProduct": 1}
"""Parameters with the number of weights, and that say whether there is a bias."""


@dataclass
class _Layer:
    """A line of the file that describes a network."""

    kind: str
    name: str
    inputs: Sequence[str]
    outputs: Sequence[str]
    parameters: dict[int, str]
    weights: Array = field(default_factory=lambda: np.zeros(0, np.float32))
    bias: Array = field(default_factory=lambda: np.zeros(0, np.float32))

    def __str__(self) -> str:
        counts = f"{len(self.inputs)} {len(self.outputs)}"
        parameters = " ".join(f"{key}={value}" for key, value in self.parameters.items())
        names = " ".join((*self.inputs, *self.outputs))
        return f"{self.kind} {self.name} {counts} {names} {parameters}"


def convert(model: Path, folder: Path, calibration: str) -> None:
    """Convert, and quantise all layers with weights."""
    with np.load(calibration) as arrays:
        [samples] = arrays.values()
    with tempfile.TemporaryDirectory() as scratch:
        plain = Path(scratch)
        engine.convert(model, plain)
        head, layers = _read(plain)
        largest = _largest(plain, [x.inputs[0] for x in layers if x.kind in _SCALES], samples)
    scales = {name: _LARGEST / max(value, 1e-9) for name, value in largest.items()}
    _stay(layers)
    (folder / "model.param").write_text("\n".join([*head, *map(str, layers)]) + "\n")
    with (folder / "model.bin").open("wb") as file:
        for layer in layers:
            if layer.kind in _SCALES:
                file.write(_bytes(layer, scales, layers))


def _read(folder: Path) -> tuple[list[str], list[_Layer]]:
    *head, rest = (folder / "model.param").read_text().split("\n", 2)
    layers = []
    with (folder / "model.bin").open("rb") as file:
        for line in rest.splitlines():
            kind, name, inputs, outputs, *words = line.split()
            names = words[: int(inputs) + int(outputs)]
            pairs = (word.split("=") for word in words[len(names) :])
            parameters = {int(key): value for key, value in pairs}
            ends = names[: int(inputs)], names[int(inputs) :]
            layer = _Layer(kind, name, *ends, parameters)
            if kind in _SCALES:
                if int.from_bytes(file.read(4), "little") != _FLOAT:
                    raise NotImplementedError(f"{name} has no weights in float32")
                size = int(parameters[_WEIGHTS[kind]])
                layer.weights = np.frombuffer(file.read(4 * size), np.float32)
                if parameters.get(_BIAS[kind], "0") == "1":
                    count = int(parameters[0])
                    layer.bias = np.frombuffer(file.read(4 * count), np.float32)
            layers.append(layer)
        if file.read(1):
            raise NotImplementedError("there are weights of layers that are not known here")
    return head, layers


def _largest(folder: Path, names: Sequence[str], samples: Array) -> dict[str, float]:
    """Return the largest magnitude of each tensor over all samples."""
    net = ncnn.Net()
    net.opt.use_vulkan_compute = net.opt.use_bf16_storage = net.opt.lightmode = False
    net.opt.use_fp16_packed = net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = False
    net.load_param(str(folder / "model.param"))
    net.load_model(str(folder / "model.bin"))
    largest = dict.fromkeys(names, 0.0)
    for sample in samples:
        with net.create_extractor() as extractor:
            extractor.input(net.input_names()[0], ncnn.Mat(sample[0]).clone())
            for name in largest:
                found = np.array(extractor.extract(name)[1])
                largest[name] = max(largest[name], float(np.abs(found).max()))
    return largest


def _stay(layers: Sequence[_Layer]) -> None:
    """Let layers read and give bytes: give where nobody else reads the result."""
    for layer in layers:
        if layer.kind in _SCALES:
            readers = _readers(layer.outputs[0], layers)
            convolves = layer.kind != "InnerProduct"
            stays = convolves and readers and all(x.kind in _SCALES for x in readers)
            layer.parameters[8] = str(_SCALES[layer.kind] + (_STAYS if stays else 0))


def _readers(name: str, layers: Sequence[_Layer]) -> list[_Layer]:
    """Return the layers that read a tensor, and what Split makes of it."""
    found = []
    for layer in layers:
        if name in layer.inputs:
            copies = layer.outputs if layer.kind == "Split" else ()
            found += [x for copy in copies for x in _readers(copy, layers)] or [layer]
    return found


def _bytes(layer: _Layer, scales: Mapping[str, float], layers: Sequence[_Layer]) -> bytes:
    """Return what stands in the file of a layer."""
    depthwise = layer.kind == "ConvolutionDepthWise"
    rows = layer.weights.reshape(int(layer.parameters[7 if depthwise else 0]), -1)
    by_row = _LARGEST / np.maximum(np.abs(rows).max(1), 1e-9)
    integers = np.clip(np.rint(rows * by_row[:, None]), -_LARGEST, _LARGEST).astype(np.int8)
    numbers = [layer.bias, by_row, [scales[layer.inputs[0]]]]
    if int(layer.parameters[8]) > _STAYS:
        numbers.append([scales[_readers(layer.outputs[0], layers)[0].inputs[0]]])
    padding = bytes(-integers.size % 4)
    floats = (np.asarray(x, np.float32).tobytes() for x in numbers)
    return b"".join((_INT8.to_bytes(4, "little"), integers.tobytes(), padding, *floats))
