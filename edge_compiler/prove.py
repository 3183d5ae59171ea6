"""
The proof that a library computes what the ONNX model says.

Every step's value, of every instruction-set variant that the processor (this one, or the emulated
one) can run, with one thread and with two, is compared with the same tensor in ONNX Runtime, on
seeded random inputs and on calibration images. A value that is further off than the tolerance, or
not a number, fails.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edge_compiler.errors import CompileError
from edge_compiler.preprocess import preprocess
from edge_compiler.reference import NAME, Reference
from edge_compiler.samples import random_inputs, read_image
from edge_compiler.sandbox import Sandbox
from edge_compiler.targets.base import Progress
from edge_perception.runtime.manifest import Model, Proof, Step
from edge_perception.runtime.selftest import relative_error

Array = np.ndarray[Any, Any]
Inputs = Mapping[str, Array]

TOLERANCE = 1e-4
"""Relative error allowed in float32; sums of thousands of products differ by some 1e-6."""
THREADS = (1, 2)
RANDOM_INPUTS = 2
FRAME_SHAPE = (480, 640, 3)
BUG = "this is a bug of the compiler, please report it"


class Prover:
    """
    Compares a library with the reference, input by input.

    :ivar errors: worst relative error by step; None for a step without a counterpart in the ONNX
        model (a change of layout, or a tensor that only the compiler knows).
    :ivar inputs: how many inputs were compared.
    :ivar selftest: inputs and the reference's outputs, for the robot's self-test.
    """

    def __init__(self, sandbox: Sandbox, model: Model, reference: Reference) -> None:
        """Find out what can be compared."""
        self._sandbox, self._model, self._reference = sandbox, model, reference
        self.errors = [0.0 if step.value in reference.tensors else None for step in model.steps]
        self.inputs = 0
        self.selftest: tuple[Inputs, Inputs] = ({}, {})
        self.variants = sandbox.variants(model)

    def prove(self, images: Sequence[Path], progress: Progress) -> Proof:
        """
        Compare everything.

        :param images: calibration images; used if the model has a pre-processing.
        :raises CompileError: at the first step that is wrong, naming it.
        """
        frames = len(images) + 1 if self._model.preprocess else 0
        for inputs in self._all_inputs(images):
            progress(f"proving against {NAME}", self.inputs, RANDOM_INPUTS + frames)
            expected = self._reference.run(inputs)
            self._check_reference(expected)
            for variant in self.variants:
                for threads in THREADS:
                    where = f"variant {variant}, {threads} thread(s), input {self.inputs + 1}"
                    self._check_steps(
                        self._sandbox.observe(variant, threads, inputs), expected, where
                    )
                    self._check_outputs(
                        self._sandbox.run(variant, threads, inputs), expected, where
                    )
            if not self.inputs:
                outputs = {tensor.name: expected[tensor.name] for tensor in self._model.outputs}
                self.selftest = inputs, outputs
            self.inputs += 1
        steps = zip(self._model.steps, self.errors, strict=True)
        known = [(error, step.name) for step, error in steps if error is not None]
        worst, name = max(known, default=(0.0, ""))
        return Proof(NAME, TOLERANCE, worst, name, self.inputs)

    def _all_inputs(self, images: Sequence[Path]) -> Iterator[Inputs]:
        """Yield the random inputs, and those made of frames, which the library makes as well."""
        for seed in range(RANDOM_INPUTS):
            yield random_inputs(self._model.inputs, self._model.preprocess, seed)
        spec = self._model.preprocess
        if spec is None:
            return
        image = next(tensor for tensor in self._model.inputs if tensor.name == spec.input)
        noise = np.random.default_rng(0).integers(0, 256, FRAME_SHAPE, np.uint8)
        for path in [None, *images]:
            frame = noise if path is None else read_image(path)
            expected = preprocess(frame, spec, image)
            made = self._sandbox.preprocess(frame, "rgb8")
            if _is_wrong(made, expected):
                raise CompileError(
                    f"the compiled pre-processing is wrong on {path or 'a noisy frame'}: "
                    f"{explain_difference(made, expected)}; {BUG}"
                )
            yield {image.name: expected}

    def _check_reference(self, expected: Mapping[str, Array]) -> None:
        """Refuse a model that gives NaN or infinity: nothing could be said of it."""
        for step in self._model.steps:
            if step.value in expected and not np.all(np.isfinite(expected[step.value])):
                raise CompileError(
                    f"the model itself gives NaN or infinity at {describe_step(step)} in {NAME}; "
                    "check its weights and the range of its input (--preprocess)"
                )

    def _check_steps(self, values: list[Array], expected: Mapping[str, Array], where: str) -> None:
        for index, (step, value) in enumerate(zip(self._model.steps, values, strict=True)):
            worst = self.errors[index]
            if worst is None:
                continue
            if _is_wrong(value, expected[step.value]):
                raise CompileError(
                    f"the compiled model is wrong at {describe_step(step)}: "
                    f"{explain_difference(value, expected[step.value])} ({where}); {BUG}"
                )
            self.errors[index] = max(worst, relative_error(value, expected[step.value]))

    def _check_outputs(
        self, outputs: Mapping[str, Array], expected: Mapping[str, Array], where: str
    ) -> None:
        for name, value in outputs.items():
            if _is_wrong(value, expected[name]):
                raise CompileError(
                    f"the output {name!r} is wrong although every step before is right: "
                    f"{explain_difference(value, expected[name])} ({where}); {BUG}"
                )


def _is_wrong(ours: Array, expected: Array) -> bool:
    return ours.shape != expected.shape or not relative_error(ours, expected) <= TOLERANCE


def describe_step(step: Step) -> str:
    """Name a step and the ONNX nodes that it stands for."""
    nodes = ", ".join(name for name in step.nodes if name != step.name)
    return f"node {step.name!r}" + (f" (with {nodes})" if nodes else "")


def explain_difference(ours: Array, expected: Array) -> str:
    """Say how two arrays differ, in numbers."""
    if ours.shape != expected.shape:
        return f"shape {list(ours.shape)} where {list(expected.shape)} is expected"
    if bad := int(np.count_nonzero(~np.isfinite(ours))):
        return f"{bad} of {ours.size} values are NaN or infinite"
    difference = np.abs(ours - expected)
    at = tuple(int(i) for i in np.unravel_index(int(np.argmax(difference)), ours.shape))
    return (
        f"relative error {relative_error(ours, expected):.3g} where {TOLERANCE:g} is allowed, "
        f"worst at {list(at)}: {ours[at]:.7g} instead of {expected[at]:.7g}"
    )
