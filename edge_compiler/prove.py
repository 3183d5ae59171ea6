"""
The proof that a library computes what the ONNX model says.

Every step's value, of every instruction-set variant that the processor (this one, or the emulated
one) can run, with two threads, is compared with the same tensor in ONNX Runtime, on seeded random
inputs and on calibration images. One thread must give the same bits; else its steps are compared,
too. Where they differ by more than the tolerance, a second opinion in float64 (``opinion``) says
which of them is right. Integers and bools must be equal: to the reference's, or else to what
follows from the library's own values before them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edge_compiler.difference import (
    allowed_error,
    error_of,
    explain_difference,
    explain_excess,
    is_wrong,
    is_wrong_image,
    TOLERANCE,
)
from edge_compiler.errors import CompileError
from edge_compiler.float64 import Network
from edge_compiler.opinion import Opinion
from edge_compiler.preprocess import preprocess
from edge_compiler.progress import Progress
from edge_compiler.reference import NAME, Reference
from edge_compiler.samples import accepted_inputs, read_image
from edge_compiler.sandbox import Sandbox
from edge_perception.runtime.manifest import Model, Proof, Step
from edge_perception.runtime.selftest import relative_error

Array = np.ndarray[Any, Any]
Inputs = Mapping[str, Array]

THREADS = 2
"""That share the steps: enough that one could take what is another's."""
RANDOM_INPUTS = 2
FRAME_SHAPE = (480, 640, 3)
BUG = "this is a bug of the compiler, please report it"


class Prover:
    """
    Compares a library with the reference, input by input.

    :ivar errors: worst relative error by step; None for a step without a counterpart in the ONNX
        model (a change of layout, or a tensor that only the compiler knows).
    :ivar inputs: how many inputs were compared.
    :ivar selftest: inputs and the outputs that are right for them, for the robot's self-test.
    """

    def __init__(self, sandbox: Sandbox, model: Model, reference: Reference) -> None:
        """Find out what can be compared."""
        self._sandbox, self._model, self._reference = sandbox, model, reference
        self.errors = [0.0 if step.value in reference.tensors else None for step in model.steps]
        self.inputs = 0
        self._opinion = Opinion(lambda: Network(reference.path, reference.shapes))
        self._judged: set[str] = set()
        self._parted = False
        self._tolerance = TOLERANCE
        self.selftest: tuple[Inputs, Inputs] = ({}, {})
        self.variants = sandbox.variants(model)

    def prove(self, images: Sequence[Path], progress: Progress) -> Proof:
        """
        Compare everything.

        :param images: calibration images; used if the model has a pre-processing.
        :raises CompileError: at the first step that is wrong, naming it.
        """
        frames = len(images) + 1 if self._model.preprocess else 0
        for inputs, expected in self._all_inputs(images):
            progress(f"proving against {NAME}", self.inputs, RANDOM_INPUTS + frames)
            self._reference.rest()  # either has all weights in memory
            self._prove_for(inputs, expected)
            self._sandbox.rest()
            self.inputs += 1
        steps = zip(self._model.steps, self.errors, strict=True)
        known = [(error, step.name) for step, error in steps if error is not None]
        worst, name = max(known, default=(0.0, ""))
        judged = f", in float64 at {len(self._judged)} tensor(s)" if self._judged else ""
        return Proof(self._reference.name + judged, self._tolerance, worst, name, self.inputs)

    def _prove_for(self, inputs: Inputs, expected: dict[str, Array]) -> None:
        """Compare every variant for one input."""
        self._check_reference(expected)
        results = [
            outputs
            for variant in self.variants
            for outputs in self._prove_variant(variant, inputs, expected)
        ]
        self._keep_selftest(inputs, results, expected)

    def _prove_variant(
        self, variant: str, inputs: Inputs, expected: dict[str, Array]
    ) -> Iterator[Inputs]:
        """
        Compare one variant for one input, and yield the different outputs that it gives.

        What each thread adds up doesn't depend on their number, so that one thread gives the same
        outputs as several, to the bit, where both are right.
        """
        ours = self._prove_steps(variant, THREADS, inputs, expected)
        outputs = self._sandbox.run(variant, 1, inputs)
        found = {name: ours.get(name, value) for name, value in outputs.items()}
        if not all(np.array_equal(value, outputs[name]) for name, value in found.items()):
            yield found
            ours = self._prove_steps(variant, 1, inputs, expected)
        self._check_outputs(outputs, ours, expected, self._where(variant, 1))
        yield outputs

    def _prove_steps(
        self, variant: str, threads: int, inputs: Inputs, expected: dict[str, Array]
    ) -> Inputs:
        """Compare all steps, and return their values and the inputs by name."""
        values = self._sandbox.observe(variant, threads, inputs)
        named = zip(self._model.steps, values, strict=True)
        ours = {**inputs, **{step.value: value for step, value in named if step.value}}
        self._parted = False
        self._check_steps(values, ours, expected, self._where(variant, threads))
        return ours

    def _where(self, variant: str, threads: int) -> str:
        return f"variant {variant}, {threads} thread(s), input {self.inputs + 1}"

    def _keep_selftest(self, inputs: Inputs, results: Sequence[Inputs], expected: Inputs) -> None:
        """
        Let the robot compare with the reference, or with what was proven where that is off.

        Where errors grow, proven variants differ by more than the usual tolerance. The self-test
        has the first of the inputs for which they differ least.
        """
        right = {
            name: value if is_wrong(value, expected[name]) else expected[name]
            for name, value in results[0].items()
        }
        errors = (
            relative_error(result[name], right[name]) for result in results for name in right
        )
        tolerance = max(TOLERANCE, 2 * max(errors))
        if not self.selftest[0] or tolerance < self._tolerance:
            self.selftest, self._tolerance = (inputs, right), tolerance

    def _all_inputs(self, images: Sequence[Path]) -> Iterator[tuple[Inputs, dict[str, Array]]]:
        """
        Yield inputs with what the reference makes of them.

        They are random, or made of frames, which the library makes as well.
        """
        for seed in range(RANDOM_INPUTS):
            yield accepted_inputs(self._model, seed, self._reference.run)
        spec = self._model.preprocess
        if spec is None:
            return
        image = next(tensor for tensor in self._model.inputs if tensor.name == spec.input)
        noise = np.random.default_rng(0).integers(0, 256, FRAME_SHAPE, np.uint8)
        for path in [None, *images]:
            frame = noise if path is None else read_image(path)
            expected = preprocess(frame, spec, image)
            made = self._sandbox.preprocess(frame, "rgb8")
            if is_wrong_image(made, expected):
                raise CompileError(
                    f"the compiled pre-processing is wrong on {path or 'a noisy frame'}: "
                    f"{explain_difference(made.astype(np.float32), expected)}; {BUG}"
                )
            given = made if made.dtype == np.uint8 else expected  # bytes were rounded once
            yield {image.name: given}, self._reference.run({image.name: given})

    def _check_reference(self, expected: Mapping[str, Array]) -> None:
        """
        Refuse a model that gives NaN, or infinity as a result: nothing could be said of it.

        Infinities in between are meant if they come to nothing, such as those of a mask.
        """
        finite = all(np.all(np.isfinite(expected[tensor.name])) for tensor in self._model.outputs)
        bad = np.isnan if finite else lambda array: ~np.isfinite(array)
        for step in self._model.steps:
            if step.value in expected and np.any(bad(expected[step.value])):
                raise CompileError(
                    f"the model itself gives NaN or infinity at {describe_step(step)} in {NAME}; "
                    "check its weights and the range of its input (--preprocess)"
                )

    def _check_steps(
        self, values: list[Array], ours: Inputs, expected: dict[str, Array], where: str
    ) -> None:
        for index, (step, value) in enumerate(zip(self._model.steps, values, strict=True)):
            worst = self.errors[index]
            if worst is not None:
                error = self._check(step.value, value, ours, expected, where)
                self.errors[index] = max(worst, error)

    def _check_outputs(
        self, outputs: Inputs, ours: Inputs, expected: dict[str, Array], where: str
    ) -> None:
        for name, value in outputs.items():
            if name not in ours:
                self._check(name, value, {**ours, name: value}, expected, where)
            elif is_wrong(value, ours[name]):
                raise CompileError(
                    f"the output {name!r} is wrong although every step before is right: "
                    f"{explain_difference(value, ours[name])} ({where}); {BUG}"
                )

    def _check(
        self, name: str, value: Array, ours: Inputs, expected: dict[str, Array], where: str
    ) -> float:
        """
        Compare a tensor with the reference, or else with what float64 makes of it.

        :param expected: values of the reference; one that turns out to be less exact than float64
            is replaced.
        :returns: the relative error.
        :raises CompileError: if it is wrong, or if it can't be told what is right.
        """
        error = error_of(value, expected[name])
        if error <= allowed_error(expected[name]):
            return error
        comparable = value.shape == expected[name].shape and np.all(np.isfinite(value))
        if not comparable:
            raise self._wrong(name, explain_difference(value, expected[name]), where)
        if self._parted:
            return self._check_alone(name, ours, where)
        reference = {**{input_: ours[input_] for input_ in self._reference.shapes}, **expected}
        truth = self._opinion.of(name, reference, coarse=True)
        if not truth.may_be(expected[name]):
            raise CompileError(
                f"{NAME} computes something else than ONNX defines at {self._describe(name)}: "
                f"{explain_difference(expected[name], truth.value)}; so it can't be told what the "
                "model means: export that node in another way"
            )
        self._judged.add(name)
        if value.dtype.kind != "f":
            self._parted = True
            return self._check_alone(name, ours, where)
        if is_wrong(value, truth.value):
            return self._check_history(name, ours, expected, where)
        expected[name] = truth.value.astype(np.float32)
        return error_of(value, truth.value)

    def _check_alone(self, name: str, ours: Inputs, where: str) -> float:
        """
        Check a tensor by what follows from the library's own values before it, which are right.

        What chooses (ArgMax, a comparison, a Cast to integers) may choose otherwise where what it
        reads differs by a rounding. From there on, the reference's values tell nothing.
        """
        value, truth = ours[name], self._opinion.of(name, ours).value
        if not is_wrong(value, truth):
            return error_of(value, truth)
        if value.dtype.kind != "f":
            raise self._wrong(name, explain_difference(value, truth), where)
        return self._check_history(name, ours, {name: truth}, where)

    def _check_history(self, name: str, ours: Inputs, expected: Inputs, where: str) -> float:
        """Check that a tensor, and all that it follows from, is as float32 can compute it."""
        wrong = self._opinion.first_wrong(name, ours)
        if wrong is None:
            return error_of(ours[name], self._opinion.of(name, ours).value)
        culprit, truth = wrong
        if culprit == name:
            raise self._wrong(name, explain_difference(ours[name], expected[name]), where)
        raise self._wrong(culprit, explain_excess(ours[culprit], truth), where)

    def _wrong(self, name: str, difference: str, where: str) -> CompileError:
        return CompileError(
            f"the compiled model is wrong at {self._describe(name)}: {difference} ({where}); {BUG}"
        )

    def _describe(self, name: str) -> str:
        """Name what computes a tensor."""
        step = next((step for step in self._model.steps if step.value == name), None)
        return f"the output {name!r}" if step is None else describe_step(step)


def describe_step(step: Step) -> str:
    """Name a step and the ONNX nodes that it stands for."""
    nodes = ", ".join(name for name in step.nodes if name != step.name)
    return f"node {step.name!r}" + (f" (with {nodes})" if nodes else "")
