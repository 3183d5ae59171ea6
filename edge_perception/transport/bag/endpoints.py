"""The end points of a node in a replay."""

from __future__ import annotations

import sys

from edge_perception.transport.local.endpoints import LocalEndpoints


class BagEndpoints(LocalEndpoints):
    """
    The end points of a node on the bus of a replay: `transport.endpoints.Endpoints`.

    To the node it is the time of a robot at work: it decides as it would, doors included. Nothing
    obeys it.
    """

    _lost = 0

    def report(self, error: Exception) -> None:
        """Print the first exception that cost an input; diagnostics count them."""
        self._lost += 1
        if self._lost == 1:
            said = f"{type(error).__name__}: {error}"
            print(f"warning: {self.name}: an input is lost: {said}", file=sys.stderr)

    def fail(self, problem: str, details: str = "") -> None:
        """Leave it to the one who runs the replay; print what is no sentence."""
        if details:
            print(details, end="", file=sys.stderr)

    def clock_remedy(self, begun: bool) -> str:
        """Return why the time stands still: only a wrong bag can do that."""
        return "the bag's time does not advance"
