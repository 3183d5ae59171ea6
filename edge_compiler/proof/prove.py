"""
The proof that a library computes what the ONNX model says.

Every step's value, of every instruction-set variant that the processor (this one, or the emulated
one) can run, with two threads, is compared with the same tensor in ONNX Runtime, on seeded random
inputs and on calibration images. One thread must give the same bits; else its steps are compared,
too. Where they differ by more than the tolerance, a second opinion in float64 (``opinion``) says
which of them is right. Integers and bools must be equal: to the reference's, or else to what
follows from the library's own values before them. What is computed in quantised integers must be
equal, byte for byte, to their exact arithmetic (``integers/``) too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edge_compiler.errors import CompileError
from edge_compiler.files.on_disk import ArraysOnDisk
from edge_compiler.machine import give_back_memory
from edge_compiler.onnx_runtime import NAME
from edge_compiler.onnx_runtime.reference import Reference
from edge_compiler.progress import Progress
from edge_compiler.proof.answers import Answers, right_answers
from edge_compiler.proof.difference import (
    allowed_error,
    explain_difference,
    is_wrong,
    is_wrong_image,
)
from edge_compiler.proof.judge import BUG, describe_step, Judge, Run
from edge_compiler.samples.images import read_image
from edge_compiler.samples.noise import accepted_inputs, Values
from edge_compiler.samples.preprocess import preprocess
from edge_compiler.sandbox import Sandbox
from edge_perception.runtime.manifest import Model, Step
from edge_perception.runtime.proof import Proof
from edge_perception.runtime.selftest import SelfTest

Array = np.ndarray[Any, Any]
Inputs = Mapping[str, Array]

THREADS = 2
"""That share the steps: enough that one could take what is another's."""
RANDOM_INPUTS = 2
MORE_INPUTS = 2
"""Tried as well where instruction sets choose differently, as between scores that are as good."""
FRAME_SHAPE = (480, 640, 3)
_BYTES = ("uint8", "int8")


class Prover:
    """
    Compares a library with the reference, input by input.

    Values of the library are compared as they come: only if one is off, the library is run once
    more and all are kept, for the second opinion.

    :ivar errors: worst relative error by step; None for a step without a counterpart in the ONNX
        model (a change of layout, or a tensor that only the compiler knows).
    :ivar inputs: how many inputs were compared.
    """

    def __init__(self, sandbox: Sandbox, model: Model, reference: Reference) -> None:
        """Find out what can be compared."""
        self._sandbox, self._model, self._reference = sandbox, model, reference
        self.errors = [0.0 if step.value in reference.tensors else None for step in model.steps]
        self.inputs = 0
        self._judge = Judge(model, reference)
        self._answers: Answers | None = None
        self._selftest_inputs: Inputs = {}
        self._selftest_digests: dict[str, str] = {}
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
            self._prove_for(inputs, expected)
            self.inputs += 1
        assert self._answers is not None
        steps = zip(self._model.steps, self.errors, strict=True)
        known = [(error, step.name) for step, error in steps if error is not None]
        worst, name = max(known, default=(0.0, ""))
        judged, exact = len(self._judge.tensors), len(self._judge.exact)
        how = f", in float64 at {judged} tensor(s)" if judged else ""
        how += f"; {exact} tensor(s) in integers, byte for byte" if exact else ""
        rounding = tuple(v for v in self.variants if v in self._model.rounding_variants)
        if rounding:
            count = sum(bool(step.rounds) for step in self._model.steps)
            how += f"; {count} step(s) with products of 16 bits, by float64"
        return Proof(
            self._reference.name + how,
            self._answers.tolerance,
            worst,
            name,
            self.inputs,
            answers=len(self._answers.right),
            digests=self._selftest_digests,
            rounding_variants=rounding,
        )

    @property
    def selftest(self) -> SelfTest:
        """Inputs and the answers that are right, for the robot."""
        assert self._answers is not None
        return dict(self._selftest_inputs), self._answers.right

    def _prove_for(self, inputs: Inputs, expected: Values) -> None:
        """Compare every variant for one input."""
        self._judge.begin_inputs()
        self._check_reference(expected)
        groups: dict[str, list[Inputs]] = {}
        for variant in self.variants:
            rounds = variant if variant in self._model.rounding_variants else ""
            groups.setdefault(rounds, []).extend(self._prove_variant(variant, inputs, expected))
        self._keep_selftest(inputs, right_answers(groups.values(), expected))

    def _prove_variant(self, variant: str, inputs: Inputs, expected: Values) -> Iterator[Inputs]:
        """
        Compare one variant for one input, and yield the different outputs that it gives.

        What each thread adds up doesn't depend on their number, so that one thread gives the same
        outputs as several, to the bit, where both are right.
        """
        ours = self._prove_steps(Run(variant, THREADS, inputs, self.inputs), expected)
        outputs = self._sandbox.run(variant, 1, inputs)
        found = {name: ours.get(name, value) for name, value in outputs.items()}
        alone = Run(variant, 1, inputs, self.inputs)
        if not all(np.array_equal(value, outputs[name]) for name, value in found.items()):
            yield found
            ours = self._prove_steps(alone, expected)
        self._check_outputs(outputs, ours, expected, alone)
        yield outputs

    def _prove_steps(self, run: Run, expected: Values) -> Inputs:
        """Compare all steps, and return the values that are outputs or inputs, by name."""
        results, off = dict(run.inputs), []
        outputs = {tensor.name for tensor in self._model.outputs}
        quantised = dict(run.inputs)
        for index, (step, value) in enumerate(self._observe(run)):
            if step.dtype in _BYTES:
                quantised[step.value] = value
                self._judge.check_integers(step.value, quantised, run)
            self._judge.check_settled(step.value, value, run)
            if step.value in outputs:
                results[step.value] = value
            worst = self.errors[index]
            if worst is None:
                continue
            error = allowed_error(value, expected[step.value])
            if error is None or self._judge.rounds(run):
                off.append(index)
            else:
                self.errors[index] = max(worst, error)
        if off:
            self._judge_steps(off, expected, run)
        return results

    def _judge_steps(self, off: Sequence[int], expected: Values, run: Run) -> None:
        """Judge the steps that differ from the reference, in their order."""
        values = [value for _, value in self._observe(run)]
        ours = self._by_name(values, run)
        self._judge.begin()
        for index in off:
            name = self._model.steps[index].value
            error = self._judge.judge(name, values[index], ours, expected, run)
            self.errors[index] = max(self.errors[index] or 0.0, error)

    def _observe(self, run: Run) -> Iterator[tuple[Step, Array]]:
        """Run the library, and yield its steps with what they compute."""
        values = self._sandbox.observe(run.variant, run.threads, run.inputs)
        return zip(self._model.steps, values, strict=True)

    def _by_name(self, values: Sequence[Array], run: Run) -> Inputs:
        """Return the inputs and what the steps made of them, by name."""
        named = zip(self._model.steps, values, strict=True)
        return {**run.inputs, **{step.value: value for step, value in named if step.value}}

    def _keep_selftest(self, inputs: Inputs, answers: Answers) -> None:
        """
        Let the robot compare with the reference, or with what was proven where that is off.

        The self-test has the first of the inputs for which proven variants differ least.
        """
        if answers.suit_better(self._answers):
            self._answers, self._selftest_inputs = answers, inputs
            self._selftest_digests = self._judge.digests

    def _run_reference(self, inputs: Inputs) -> ArraysOnDisk:
        """Return what the reference computes. It and the library take turns in having weights."""
        self._sandbox.rest()
        kept = ArraysOnDisk()
        self._reference.run_into(kept, inputs)
        give_back_memory()
        return kept

    def _all_inputs(self, images: Sequence[Path]) -> Iterator[tuple[Inputs, Values]]:
        """
        Yield inputs with what the reference makes of them.

        They are random, or made of frames, which the library makes as well.
        """
        for seed in range(RANDOM_INPUTS + MORE_INPUTS):
            if seed < RANDOM_INPUTS or (self._answers and self._answers.choices > 1):
                yield accepted_inputs(
                    self._model.inputs, self._model.preprocess, seed, self._run_reference
                )
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
            yield {image.name: given}, self._run_reference({image.name: given})

    def _check_reference(self, expected: Mapping[str, Array]) -> None:
        """
        Refuse a model that gives NaN or infinity as a result: nothing could be said of it.

        Those in between are meant if they come to nothing, such as those of a mask.
        """
        if all(np.all(np.isfinite(expected[tensor.name])) for tensor in self._model.outputs):
            return
        for step in self._model.steps:
            if step.value in expected and not np.all(np.isfinite(expected[step.value])):
                raise CompileError(
                    f"the model itself gives NaN or infinity at {describe_step(step)} in {NAME}; "
                    "check its weights and the range of its input (--preprocess)"
                )

    def _check_outputs(self, outputs: Inputs, ours: Inputs, expected: Values, run: Run) -> None:
        for name, value in outputs.items():
            if name in ours and is_wrong(value, ours[name]):
                raise CompileError(
                    f"the output {name!r} is wrong although every step before is right: "
                    f"{explain_difference(value, ours[name])} ({run}); {BUG}"
                )
            if name not in ours and is_wrong(value, expected[name]):
                everything = self._by_name([value for _, value in self._observe(run)], run)
                self._judge.judge(name, value, {**everything, name: value}, expected, run)
