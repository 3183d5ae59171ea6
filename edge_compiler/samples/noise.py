"""Inputs that a model accepts, of seeded noise."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from typing import Any

import numpy as np

from edge_compiler.errors import CompileError
from edge_compiler.ir.image import channel_axis
from edge_compiler.samples.preprocess import normalise
from edge_perception.runtime.dtypes import Form
from edge_perception.runtime.manifest import Preprocess, Tensor

Array = np.ndarray[Any, Any]
SPREAD = 1024
"""Of random integers, around zero."""

Values = MutableMapping[str, Array]
"""Tensors by name."""
Run = Callable[[Mapping[str, Array]], Values]


def accepted_inputs(
    tensors: Sequence[Tensor], preprocess: Preprocess | None, seed: int, run: Run
) -> tuple[Values, Values]:
    """
    Return random inputs that a model accepts, and what it makes of them.

    Integers may be divisors or indices, and nothing says of how many elements: if the model
    refuses them, positive ones are tried, and smaller ones.

    :param tensors: its inputs.
    :param preprocess: as in `random_inputs`.
    :param run: the model.
    :raises CompileError: as ``run`` does for the smallest.
    """
    smaller = [SPREAD >> bits for bits in range(1, SPREAD.bit_length())]
    for spread, is_positive in ((SPREAD, False), (SPREAD, True), *((s, False) for s in smaller)):
        inputs = random_inputs(tensors, preprocess, seed, spread, is_positive)
        try:
            return inputs, run(inputs)
        except CompileError:
            if spread == 1 or all(tensor.form.type.is_float for tensor in tensors):
                raise
    raise AssertionError("the last spread is one")


def random_inputs(
    inputs: Sequence[Tensor],
    preprocess: Preprocess | None,
    seed: int,
    spread: int = SPREAD,
    is_positive: bool = False,
) -> dict[str, Array]:
    """
    Return reproducible inputs in the range that the model expects.

    :param preprocess: gives the range of the image input; other inputs are normally distributed,
        with some numbers far out, where functions saturate.
    :param spread: integers are from ``-spread`` to ``spread - 1``; from 1 if they are positive.
        Those of a mask, which its name tells, are 0 or 1.
    """
    generator = np.random.default_rng(seed)

    def numbers(tensor: Tensor) -> Array:
        if preprocess is not None and tensor.name == preprocess.input:
            return _random_image(generator, tensor, preprocess)
        if "mask" in tensor.name.lower() and tensor.form.type.numpy.kind in "iu":
            return _random_mask(generator, tensor.form)
        return _random_numbers(generator, tensor.form, 1 if is_positive else -spread, spread - 1)

    return {tensor.name: numbers(tensor) for tensor in inputs}


def _random_mask(generator: np.random.Generator, form: Form) -> Array:
    """Keep most tokens, the first ones always: attention to nothing is no number."""
    kept = np.asarray(generator.random(form.shape) < 3 / 4)
    if kept.ndim:
        kept[..., 0] = True
    return kept.astype(form.type.numpy)


def _random_numbers(generator: np.random.Generator, form: Form, least: int, most: int) -> Array:
    if form.type.name == "bool":
        return generator.random(form.shape) < 0.5
    if not form.type.is_float:
        limits = np.iinfo(form.type.numpy)
        least, most = max(limits.min, least), min(limits.max, most)
        return generator.integers(least, most, form.shape, form.type.numpy, endpoint=True)
    numbers = generator.standard_normal(form.shape, np.float32)
    numbers[generator.random(form.shape) < 1 / 64] *= 12
    return numbers.astype(form.type.numpy)


def _random_image(generator: np.random.Generator, tensor: Tensor, preprocess: Preprocess) -> Array:
    """Make patches with a little noise: pure noise is grey to a network after some layers."""
    axis = channel_axis(tensor.layout)
    coarse = tuple(
        size if index in (0, axis) else -(-size // 16) for index, size in enumerate(tensor.shape)
    )
    patches = generator.integers(0, 256, coarse).astype(np.float32)
    for index in set(range(len(tensor.shape))) - {0, axis}:
        patches = np.repeat(patches, 16, index).take(range(tensor.shape[index]), index)
    noise = generator.normal(0, 16, tensor.shape)
    pixels = np.clip(np.rint(patches + noise), 0, 255).astype(np.float32)
    image = normalise(pixels, preprocess, axis)
    if not tensor.form.type.is_float:
        image = np.clip(np.rint(image), 0, 255)
    return image.astype(tensor.form.type.numpy)
