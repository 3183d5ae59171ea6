"""The models of a node, and others that take their place while it works."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
import json

from edge_perception.core.environment import Environment, Task
from edge_perception.core.node import ConfigurationError, Diagnostic, Level
from edge_perception.core.parameters import Parameters
from edge_perception.core.perception.parameters import describe, options_of
from edge_perception.core.perception.pipeline import Pipeline
from edge_perception.core.trust import NOTHING, trusting
from edge_perception.messages.types import String
from edge_perception.runtime import BundleError


class Models:
    """
    A pipeline, and while it is asked for another one, that too: the old one answers meanwhile.

    :ivar pipeline: that looks at images.
    """

    def __init__(self, parameters: Parameters, environment: Environment) -> None:
        """
        Load the models.

        :raises ConfigurationError: if one can't be used.
        """
        self._parameters, self._environment = parameters, environment
        self._task: Task | None = None
        self._new: Pipeline | ConfigurationError | None = None
        self._refused = ""
        self.pipeline = self._load(NOTHING)
        self.adapt(parameters)

    @property
    def name(self) -> str:
        """What the first model is called."""
        return self.pipeline.model.manifest.model.name

    def labels(self) -> String:
        """Return what can be seen, as a message."""
        labels = {
            "model": self.name,
            "decoder": self.pipeline.model.manifest.model.decoder.kind,
            "labels": self.pipeline.labels,
        }
        return String(data=json.dumps(labels, ensure_ascii=False))

    def adapt(self, parameters: Parameters) -> None:
        """Report other detections from now on."""
        self._parameters = parameters
        self.pipeline.adapt(options_of(parameters))

    def load_again(self) -> None:
        """Begin to load all models anew, beside the steps of the node, unless one is at it."""
        if self._task is None:
            downgrade = self._parameters.flag("allow_downgrade")
            since = NOTHING if downgrade else self.pipeline.signed_at()
            self._refused = ""
            self._task = self._environment.start(partial(self._load_new, since))

    def exchange(self) -> bool:
        """Let new models take the place of the old ones if they are ready; return whether."""
        if self._task is None or self._task.is_alive():
            return False
        new, self._new, self._task = self._new, None, None
        if not isinstance(new, Pipeline):
            self._refused = f"the new models can't be used, these go on: {new}"
            return False
        self.pipeline.close()
        self.pipeline = new
        self.adapt(self._parameters)
        return True

    def diagnostic(self) -> Diagnostic:
        """Report on the first model, and on why no other one took its place."""
        model = self.pipeline.model
        level = Level.ERROR if self._refused else Level.WARN if model.caveat else Level.OK
        said = f"{self.name} is loaded" + (f", but {model.caveat}" if model.caveat else "")
        said = "; ".join(filter(None, (said, self._refused)))
        return Diagnostic(level, "model", said, {"variant": model.variant})

    def close(self) -> None:
        """Free all models, those that are being loaded too."""
        if self._task is not None:
            self._task.join()
        for pipeline in (self._new, self.pipeline):
            if isinstance(pipeline, Pipeline):
                pipeline.close()

    def _load_new(self, since: Mapping[str, int]) -> None:
        try:
            self._new = self._load(since)
        except ConfigurationError as error:
            self._new = error

    def _load(self, since: Mapping[str, int]) -> Pipeline:
        """Load models; ``since`` says by path when those were signed that they shall replace."""
        environment = trusting(self._environment, self._parameters, since)
        try:
            return Pipeline(describe(self._parameters, environment.read_file), environment)
        except BundleError as error:
            raise ConfigurationError(str(error)) from error
