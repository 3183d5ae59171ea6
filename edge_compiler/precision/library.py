"""What a library loses as it runs: with the rounding of its instruction sets, too."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

from edge_compiler.precision.budget import OverBudgetError, upwards
from edge_compiler.precision.judge import Judge
from edge_compiler.progress import Progress
from edge_compiler.sandbox import NativeSandbox, Sandbox
from edge_perception.runtime.accuracy import Accuracy
from edge_perception.runtime.manifest import Model


@dataclass(frozen=True)
class Loss:
    """
    How it is measured what a model loses by its precision.

    :ivar judge: has the samples, and what the float model says of them.
    :ivar accuracy: of the model's file in ONNX Runtime.
    :ivar max_drop: by how much the library may be worse, 0 to 1; None: whatever it is.
    """

    judge: Judge
    accuracy: Accuracy
    max_drop: float | None

    def of(self, sandbox: Sandbox, model: Model, progress: Progress) -> Accuracy:
        """
        Run a library on the samples.

        Each variant runs that rounds what it multiplies, and the best of the others, which differ
        by what the proof allows; the worst counts. An emulator would take too long for that one:
        ONNX Runtime stands for it.

        :raises OverBudgetError: if more is lost than may be.
        """
        found: list[tuple[Accuracy, str]] = []
        if not isinstance(sandbox, NativeSandbox):
            found.append((self.accuracy, ""))
        for number, variant in enumerate(variants := _variants(sandbox, model)):
            progress("running the library on the samples", number, len(variants))
            score = self.judge.judge(partial(sandbox.run, variant, 1))
            found.append((self.judge.accuracy(score), f" with {variant}"))
        accuracy, where = max(found, key=lambda each: (each[0].drop, -each[0].sqnr_db))
        if self.max_drop is not None and accuracy.drop > self.max_drop:
            raise OverBudgetError(
                f"the library of {model.name} loses {accuracy.drop:.2%}{where}, more than "
                f"--max-drop {self.max_drop:.2%}: allow that with --max-drop "
                f"{upwards(accuracy.drop)}, or compile it in float32"
            )
        return replace(
            self.accuracy,
            drop=accuracy.drop,
            right=accuracy.right,
            sqnr_db=accuracy.sqnr_db,
            variants=tuple(variants),
        )


def _variants(sandbox: Sandbox, model: Model) -> list[str]:
    """Return the instruction sets to run: those that round, and the best other one."""
    rounding = [name for name in sandbox.variants(model) if name in model.rounding_variants]
    others = [name for name in sandbox.variants(model) if name not in rounding]
    return rounding + others[: isinstance(sandbox, NativeSandbox)]
