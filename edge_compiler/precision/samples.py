"""What a network is calibrated and tried on: the user's pictures or tensors, no random ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
import zipfile

import numpy as np

from edge_compiler.errors import CompileError
from edge_compiler.ir.graph import Graph, Value
from edge_compiler.ir.image import as_tensor
from edge_compiler.samples.images import calibration_images, read_image
from edge_compiler.samples.preprocess import preprocess
from edge_perception.runtime.dtypes import FLOAT32
from edge_perception.runtime.manifest import Preprocess

Array = np.ndarray[Any, Any]
Inputs = Mapping[str, Array]

KEPT_BYTES = 1 << 28
"""Of inputs that stay in memory after they were made; more are made again."""


class Samples:
    """Inputs of a model by name, made one after the other, as often as they are asked for."""

    def __init__(self, count: int, make: Callable[[int], Inputs]) -> None:
        """
        Make none yet.

        :param make: returns the inputs of one sample.
        """
        self._count, self._make = count, make
        self._kept: dict[int, Inputs] = {}
        self._room = KEPT_BYTES

    def __len__(self) -> int:
        """Return how many there are."""
        return self._count

    def __iter__(self) -> Iterator[Inputs]:
        """Yield all of them."""
        for number in range(self._count):
            yield self._kept[number] if number in self._kept else self._made(number)

    def _made(self, number: int) -> Inputs:
        inputs = self._make(number)
        size = sum(array.nbytes for array in inputs.values())
        if size <= self._room:
            self._kept[number] = inputs
            self._room -= size
        return inputs


def read_samples(path: Path, graph: Graph, spec: Preprocess | None) -> Samples:
    """
    Return samples of a model's inputs.

    :param path: a folder of pictures, or a file of tensors, see `tensors`.
    :param spec: makes the input of a picture.
    :raises CompileError: if there are none, or they don't fit the model.
    """
    if path.suffix == ".npz":
        return tensors(path, graph)
    if spec is None:
        raise CompileError(
            f"{path} holds pictures, but how they become the model's input isn't known: add "
            "--preprocess, or give tensors in a .npz file"
        )
    return pictures(calibration_images(path), graph, spec)


def pictures(paths: Sequence[Path], graph: Graph, spec: Preprocess) -> Samples:
    """Return what a model with one image input gets to see of pictures."""
    [image] = graph.inputs
    tensor = as_tensor(image)

    def make(number: int) -> Inputs:
        array = preprocess(read_image(paths[number]), spec, tensor)
        if image.type != FLOAT32:
            array = np.clip(np.floor(array + 0.5), 0, 255)
        return {image.name: array.astype(image.type.numpy)}

    return Samples(len(paths), make)


def tensors(path: Path, graph: Graph) -> Samples:
    """
    Return the samples in a ``.npz`` file: an array for each input, by its name.

    Its first axis counts the samples, the others are the input's.

    :raises CompileError: if it isn't such a file, or does not fit the model.
    """
    arrays = _arrays(path)
    inputs = {value.name: value for value in graph.inputs}
    if arrays.keys() != inputs.keys():
        raise CompileError(
            f"{path} holds {', '.join(sorted(arrays)) or 'nothing'}, expected an array for each "
            f"input of the model: {', '.join(inputs)}"
        )
    count = min(len(array) for array in arrays.values() if array.ndim) if arrays else 0
    for name, array in arrays.items():
        _check(path, array, inputs[name], count)
    if not count:
        raise CompileError(f"{path} holds no sample: its arrays are empty")
    return Samples(count, lambda number: {name: array[number] for name, array in arrays.items()})


def _arrays(path: Path) -> dict[str, Array]:
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except OSError as error:
        raise CompileError(f"cannot read {path}: {error.strerror or error}") from error
    except (ValueError, zipfile.BadZipFile, EOFError, AttributeError, TypeError) as error:
        raise CompileError(f"{path} is no .npz file of arrays: {error}") from error


def _check(path: Path, array: Array, value: Value, count: int) -> None:
    expected = (count, *value.shape)
    if array.shape != expected or array.dtype != value.type.numpy:
        raise CompileError(
            f"{path}: {value.name} is {array.dtype.name}{list(array.shape)}, expected "
            f"{value.type}[samples, {', '.join(map(str, value.shape))}]"
        )
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise CompileError(f"{path}: {value.name} has numbers that are NaN or infinite")
