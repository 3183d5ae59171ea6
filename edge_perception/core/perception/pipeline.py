"""The stages of perception, one after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import itertools
from pathlib import Path
from typing import Any

from edge_perception import decode
from edge_perception.core.environment import Environment
from edge_perception.core.node import Diagnostic
from edge_perception.core.perception import stages
from edge_perception.core.perception.description import Description, StageRequest
from edge_perception.core.perception.model import RunnableModel
from edge_perception.core.perception.remote import Reports
from edge_perception.core.perception.runner import Runner, View
from edge_perception.core.perception.stage import Setup, Stage
from edge_perception.decode.detections import Detections
from edge_perception.messages.types import StageTime


class Pipeline:
    """
    Runs the stages on an image.

    Without the first stage there is no result. Each of the others may be late or fail: what it
    would have added is missing then, and its `StageTime` says why.

    :ivar model: that of the first stage.
    :ivar labels: all that the stages may call a thing; empty if one doesn't know.
    """

    def __init__(self, description: Description, environment: Environment) -> None:
        """
        Load all models.

        :raises BundleError: if one can't be used, or doesn't fit its stage.
        :raises ConfigurationError: if an option of a stage can't be used.
        """
        self._environment = environment
        self._requests = description.stages
        self._runners: list[Runner] = []
        self._models: list[RunnableModel | None] = []
        try:
            for request in description.stages:
                wanted = request.model
                self._models.append(None if wanted is None else environment.load(wanted))
            for number, request in enumerate(description.stages):
                self._runners.append(self._make(number, request, description.folder))
        except Exception:
            self.close()
            raise
        models: list[object] = [*self._models]
        self._reporting = [model for model in models if isinstance(model, Reports)]
        assert self._models[0] is not None, "the first stage runs a model"
        self.model = self._models[0]
        named = [runner.stage.labels for runner in self._runners]
        self.labels = () if None in named else tuple(itertools.chain(*filter(None, named)))

    def _make(self, number: int, request: StageRequest, folder: Path) -> Runner:
        model = self._models[number]
        setup = Setup(
            request.name,
            request.options,
            model,
            {runner.name: runner.stage for runner in self._runners},
            [later.manifest.model for later in self._models[number + 1 :] if later is not None],
            folder,
            self._environment.read_file,
        )
        stage = stages.find(request.kind)(setup)
        clock = self._environment.monotonic
        return Runner(request.name, stage, model, request.deadline, clock)

    def signed_at(self) -> dict[str, int]:
        """Return when the bundles were signed, by path."""
        pairs = zip(self._requests, self._models, strict=True)
        return {one.model.path: model.signed_at for one, model in pairs if one.model and model}

    @property
    def stages(self) -> list[Stage]:
        """The stages, in their order."""
        return [runner.stage for runner in self._runners]

    def run(self, view: View, taken: int, now: int) -> tuple[Detections, list[StageTime]]:
        """
        Return what is seen in an image, and where the time went.

        :param taken: when the image was taken, by the environment's clock [ns].
        :param now: ROS time [ns].
        :raises BundleError: if the first stage fails.
        """
        times: list[StageTime] = []
        first, *others = self._runners
        found = first.detect(view, times)
        for runner in others:
            found = runner.refine(view, found, times, taken, now)
        return found, times

    def hear(self, inputs: Mapping[str, Any]) -> None:
        """Give the stages what came beside images."""
        for runner in self._runners:
            runner.stage.hear(inputs)

    def adapt(self, options: decode.Options) -> None:
        """Report other detections from now on."""
        for runner in self._runners:
            runner.stage.adapt(options)

    def diagnostics(self, now: int) -> Sequence[Diagnostic]:
        """
        Report on each of the stages but the first, without which there are no images used.

        What models say of themselves stands behind that.
        """
        stages = [runner.diagnostic(now) for runner in self._runners[1:]]
        return [*stages, *(one.diagnose() for one in self._reporting)]

    def close(self) -> None:
        """Free the models."""
        while self._models:
            if (model := self._models.pop()) is not None:
                model.close()
