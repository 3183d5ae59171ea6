"""Other models while a node works: the old ones answer until the new ones can."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread

from edge_perception.core.node import ConfigurationError
from edge_perception.core.perception.pipeline import Pipeline


class Reloading:
    """A pipeline that is loaded and tested in a thread of its own."""

    def __init__(self, load: Callable[[], Pipeline]) -> None:
        """
        Begin.

        :param load: returns it, or raises ConfigurationError.
        """
        self._load = load
        self._found: Pipeline | ConfigurationError | None = None
        self._thread = Thread(target=self._run, name="edge-reload", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._found = self._load()
        except ConfigurationError as error:
            self._found = error

    @property
    def is_done(self) -> bool:
        """Whether `take` doesn't wait."""
        return not self._thread.is_alive()

    def take(self) -> Pipeline:
        """
        Return the pipeline; waits for it.

        :raises ConfigurationError: if it can't be used.
        """
        self._thread.join()
        if isinstance(self._found, Pipeline):
            return self._found
        raise self._found or ConfigurationError("it can't be loaded: see the node's log")
