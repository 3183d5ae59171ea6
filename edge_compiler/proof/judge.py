"""
Who is right where a library and its reference differ by more than the tolerance.

ONNX Runtime's own value must be what float32 makes of what it is computed from; else both mean
different things. The library's value must agree with float64, or be as exact as its terms allow.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import MutableMapping
from dataclasses import dataclass
from functools import cache

import numpy as np

from edge_compiler.errors import CompileError
from edge_compiler.float64 import Network, rounding_nodes
from edge_compiler.float64.exact import Array
from edge_compiler.integers import Integers
from edge_compiler.onnx_runtime import NAME
from edge_compiler.onnx_runtime.reference import Reference
from edge_compiler.proof.difference import (
    allowed_error,
    error_of,
    explain_difference,
    explain_excess,
)
from edge_compiler.proof.opinion import Arrays, Opinion
from edge_perception.runtime.manifest import Model, Step
from edge_perception.runtime.selftest import digest_of

BUG = "this is a bug of the compiler, please report it"


@dataclass(frozen=True)
class Run:
    """
    One way to run the library.

    :ivar inputs: by name.
    :ivar before: how many inputs were compared before.
    """

    variant: str
    threads: int
    inputs: Arrays
    before: int

    def __str__(self) -> str:
        return f"variant {self.variant}, {self.threads} thread(s), input {self.before + 1}"


class Judge:
    """
    Judges the values of a library that differ from the reference.

    :ivar tensors: the names of those that were judged.
    :ivar exact: the names of those that were compared with exact arithmetic of integers.
    :ivar digests: of the bytes that every run on the inputs of now must compute, by tensor.
    """

    def __init__(self, model: Model, reference: Reference) -> None:
        """Prepare; the model is only read if there is something to judge."""
        self._model, self._inputs = model, tuple(reference.shapes)
        network = cache(lambda: Network(reference.path, reference.shapes))
        self._opinion = Opinion(network)
        self._rounding_opinion = Opinion(lambda: network().rounded(rounding_nodes(model)))
        self._parted = False
        self._replaced: dict[str, Array] = {}
        self._reference = reference
        self._integers: Integers | None = None
        self.tensors: set[str] = set()
        self.exact: set[str] = set()
        self.digests: dict[str, str] = {}

    def check_integers(self, name: str, ours: Arrays, run: Run) -> None:
        """
        Compare a tensor, if it is computed in quantised integers, with their exact arithmetic.

        :param ours: it, and all quantised values of the library before it, by name.
        :raises CompileError: if it is not equal.
        """
        if self._integers is None:
            self._integers = Integers(self._reference.path, self._reference.shapes)
        if not self._integers.defines(name):
            return
        due = self._integers.of(name, ours)
        if not np.array_equal(ours[name], due):
            raise self._wrong(name, explain_difference(ours[name], due), run)
        self.exact.add(name)

    def check_settled(self, name: str, value: Array, run: Run) -> None:
        """
        Compare a tensor, if quantised integers settle it, with the runs before on these inputs.

        :raises CompileError: if it has other bytes.
        """
        if self._integers is None or not self._integers.settles(name):
            return
        digest = digest_of(value)
        if self.digests.setdefault(name, digest) != digest:
            raise self._wrong(name, "other bytes than in the runs before, of the same inputs", run)

    def rounds(self, run: Run) -> bool:
        """
        Return whether a run rounds what some steps multiply to 16 bits.

        Then the reference's values tell little of its own: each step is compared with what float64
        makes of the library's values before it, rounded likewise.
        """
        return run.variant in self._model.rounding_variants

    def begin_inputs(self) -> None:
        """Begin with the reference's values for other inputs."""
        self._replaced, self.digests = {}, {}

    def begin(self) -> None:
        """Begin with the values of another run."""
        self._parted = False

    def judge(
        self,
        name: str,
        value: Array,
        ours: Arrays,
        expected: MutableMapping[str, Array],
        run: Run,
    ) -> float:
        """
        Compare a tensor with what float64 makes of it; those of a run come in their order.

        :param ours: all values of the library by name, inputs included.
        :param expected: values of the reference; one that turns out to be less exact than float64
            is replaced.
        :returns: the relative error.
        :raises CompileError: if it is wrong, or if it can't be told what is right.
        """
        comparable = value.shape == expected[name].shape and np.all(np.isfinite(value))
        if not comparable:
            raise self._wrong(name, explain_difference(value, expected[name]), run)
        if self._parted or self.rounds(run):
            return self._check_alone(name, ours, run)
        reference = ChainMap(expected, {name: ours[name] for name in self._inputs})
        truth = self._opinion.of(name, reference, coarse=True)
        if not truth.may_be(expected[name]) and not self._follows(name, reference):
            raise CompileError(
                f"{NAME} computes something else than ONNX defines at {self._describe(name)}: "
                f"{explain_difference(expected[name], truth.value)}; so it can't be told what the "
                "model means: export that node in another way"
            )
        self.tensors.add(name)
        if value.dtype.kind != "f":
            self._parted = True
            return self._check_alone(name, ours, run)
        error = allowed_error(value, truth.value)
        if error is None:
            return self._check_history(name, ours, expected, run)
        self._replaced[name] = expected[name]
        expected[name] = truth.value.astype(np.float32)
        return error

    def _follows(self, name: str, reference: ChainMap[str, Array]) -> bool:
        """Return whether the reference's value follows from those that were replaced."""
        theirs = self._opinion.of(name, reference.new_child(self._replaced), coarse=True)
        return bool(self._replaced) and theirs.may_be(reference[name])

    def _check_alone(self, name: str, ours: Arrays, run: Run) -> float:
        """
        Check a tensor by what follows from the library's own values before it, which are right.

        What chooses (ArgMax, a comparison, a Cast to integers) may choose otherwise where what it
        reads differs by a rounding. From there on, the reference's values tell nothing.
        """
        value, exact = ours[name], self._opinion_of(run).of(name, ours)
        truth = exact.value
        error = allowed_error(value, truth)
        if error is not None:
            return error
        if value.dtype.kind != "f":
            if exact.rounds_to(value):  # a number in the middle between two integers
                return error_of(value, truth)
            raise self._wrong(name, explain_difference(value, truth), run)
        return self._check_history(name, ours, {name: truth}, run)

    def _check_history(self, name: str, ours: Arrays, expected: Arrays, run: Run) -> float:
        """Check that a tensor, and all that it follows from, is as float32 can compute it."""
        wrong = self._opinion_of(run).first_wrong(name, ours)
        if wrong is None:
            return error_of(ours[name], self._opinion_of(run).of(name, ours).value)
        culprit, truth = wrong
        if culprit == name:
            raise self._wrong(name, explain_difference(ours[name], expected[name]), run)
        raise self._wrong(culprit, explain_excess(ours[culprit], truth), run)

    def _opinion_of(self, run: Run) -> Opinion:
        """Return who says what follows from the values of a run."""
        return self._rounding_opinion if self.rounds(run) else self._opinion

    def _wrong(self, name: str, difference: str, run: Run) -> CompileError:
        return CompileError(
            f"the compiled model is wrong at {self._describe(name)}: {difference} ({run}); {BUG}"
        )

    def _describe(self, name: str) -> str:
        """Name what computes a tensor."""
        step = next((step for step in self._model.steps if step.value == name), None)
        return f"the output {name!r}" if step is None else describe_step(step)


def describe_step(step: Step) -> str:
    """Name a step and the ONNX nodes that it stands for."""
    nodes = ", ".join(name for name in step.nodes if name != step.name)
    return f"node {step.name!r}" + (f" (with {nodes})" if nodes else "")
