"""A stage at work: within its deadline, timed, and kept from harming the rest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from edge_perception.core.faults import Faults
from edge_perception.core.image import Pixels
from edge_perception.core.node import Diagnostic, Level
from edge_perception.core.perception.model import RunnableModel
from edge_perception.core.perception.stage import Look, Stage
from edge_perception.core.stamps import SECOND
from edge_perception.decode.detections import Detections
from edge_perception.messages.types import StageTime
from edge_perception.runtime import BundleError

_MS = SECOND // 1000
_FADE = 0.9  # of what a slow run counts, at each run after it


@dataclass(frozen=True)
class View:
    """
    What the stages look at.

    :ivar stamp: when the image was taken [ns]; 0 if that isn't known.
    :ivar frame: the camera's, that its header names.
    """

    pixels: Pixels
    stamp: int = 0
    frame: str = ""


class Runner:
    """
    Runs a stage on one image after the other.

    A stage with a deadline works on as many things as it has time for, by what one of them cost
    lately; the rest, and all if it fails, is left as it was.
    """

    def __init__(
        self,
        name: str,
        stage: Stage,
        model: RunnableModel | None,
        deadline: int,
        clock: Callable[[], int],
    ) -> None:
        """
        Begin without an idea of what a thing costs.

        :param deadline: age of the image at which the stage must be done [ns]; 0: none.
        :param clock: nanoseconds of a clock that goes on while nothing else does.
        """
        self.name = name
        self.stage = stage
        self.model = model
        self._deadline = deadline
        self._clock = clock
        self._cost = 0.0  # of a thing [ns]
        self._faults = Faults()

    def detect(self, view: View, times: list[StageTime]) -> Detections:
        """
        Look at the whole image, whatever it takes.

        :param times: to which those of the stage are added.
        :raises BundleError: if the model fails.
        """
        nothing = Detections()
        look = self._look(view, times, self._clock())
        return self.stage.run(look, nothing, nothing.indices())

    def refine(
        self, view: View, found: Detections, times: list[StageTime], taken: int, now: int
    ) -> Detections:
        """
        Add to what was found.

        :param times: to which that of the stage is added.
        :param taken: when the image was, by the clock [ns].
        :param now: ROS time [ns].
        """
        begin = self._clock()
        fault = ""
        try:
            wanted = self.stage.choose(found)
            chosen = wanted[: self._affordable(taken + self._deadline - begin)]
            if len(chosen) < len(wanted):
                fault = self._late(len(wanted) - len(chosen), len(wanted), now)
            if len(chosen) or (self.stage.sees_nothing and not len(found)):
                found = self.stage.run(self._look(view, [], begin), found, chosen)
            if len(chosen):
                self._learn((self._clock() - begin) / len(chosen))
        except Exception as error:  # of whatever kind: the other stages' parts are right
            fault = str(error) if isinstance(error, BundleError) else _described(error)
            self._faults.report(now, Level.ERROR, self.name, f"its part is missing: {fault}")
        spent = self._clock() - begin
        times.append(StageTime(self.name, spent / _MS, self._model_name(), fault))
        return found

    def diagnostic(self, now: int) -> Diagnostic:
        """Return the state of the stage."""
        name = f"stage {self.name}"
        values = {"model": self._model_name(), "ms a thing": f"{self._cost / _MS:.1f}"}
        values.update(self.stage.values())
        if self._deadline:
            values["deadline"] = f"{self._deadline / _MS:.0f} ms"
        fault = self._faults.current(now).get(self.name)
        if fault is not None:
            return Diagnostic(fault.level, name, fault.message, values)
        caveat = self.model.caveat if self.model is not None else ""
        if caveat:
            return Diagnostic(Level.WARN, name, f"works, but {caveat}", values)
        return Diagnostic(Level.OK, name, "works", values)

    def _affordable(self, left: int) -> int | None:
        """Return how many things there is time for; None: all."""
        if not self._deadline:
            return None
        if left <= 0:
            return 0
        if not self._cost:
            return None
        count = int(left / self._cost)
        if not count:
            self._cost *= _FADE  # or one slow run would be the last one
        return count

    def _learn(self, cost: float) -> None:
        self._cost = max(cost, _FADE * self._cost + (1 - _FADE) * cost)

    def _late(self, missing: int, wanted: int, now: int) -> str:
        fault = (
            f"{missing} of {wanted} things were left out to be done "
            f"{self._deadline / _MS:.0f} ms after the image was taken"
        )
        self._faults.report(
            now,
            Level.WARN,
            self.name,
            f"{fault}; use a faster model, more threads, a later deadline, or fewer things "
            "(most, of)",
        )
        return fault

    def _look(self, view: View, times: list[StageTime], begin: int) -> Look:
        def lap(name: str) -> None:
            nonlocal begin
            now = self._clock()
            times.append(StageTime(name, (now - begin) / _MS, self._model_name()))
            begin = now

        return Look(view.pixels, lap, view.stamp, view.frame)

    def _model_name(self) -> str:
        return "" if self.model is None else self.model.manifest.model.name


def _described(error: Exception) -> str:
    """Return what is known of an error that was not made for people."""
    return f"{type(error).__name__}: {error}"
