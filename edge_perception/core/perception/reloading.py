"""Other models while a node works: the old ones answer until the new ones can."""

from __future__ import annotations

from collections.abc import Callable

from edge_perception.core.environment import Task
from edge_perception.core.node import ConfigurationError
from edge_perception.core.perception.pipeline import Pipeline


class Reloading:
    """A pipeline that is loaded and tested beside the steps of the node."""

    def __init__(
        self, load: Callable[[], Pipeline], start: Callable[[Callable[[], None]], Task]
    ) -> None:
        """
        Begin.

        :param load: returns it, or raises ConfigurationError.
        :param start: that of the environment.
        """
        self._load = load
        self._found: Pipeline | ConfigurationError | None = None
        self._task = start(self._run)

    def _run(self) -> None:
        try:
            self._found = self._load()
        except ConfigurationError as error:
            self._found = error

    @property
    def is_done(self) -> bool:
        """Whether `take` doesn't wait."""
        return not self._task.is_alive()

    def take(self) -> Pipeline:
        """
        Return the pipeline; waits for it.

        :raises ConfigurationError: if it can't be used.
        """
        self._task.join()
        if isinstance(self._found, Pipeline):
            return self._found
        raise self._found or ConfigurationError("it can't be loaded: see the node's log")
