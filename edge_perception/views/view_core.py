"""The node that shows a robot at work in the viewer rerun: the same on every transport."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from edge_perception.core.node import Inputs, NodeCore, Outputs, Port, Ports
from edge_perception.core.parameters import Parameters

if TYPE_CHECKING:
    from edge_perception.views.scene import Scene

_QUEUE, _PICTURES = 50, 2
"""Messages of a topic that wait for the next step; of pictures the newest counts."""


class ViewCore(NodeCore):
    """Shows what comes on its inputs, and says nothing."""

    def __init__(
        self,
        ports: Sequence[Port],
        scene: Scene,
        is_closed: Callable[[], bool],
        ended: Callable[[], None],
    ) -> None:
        """
        Begin.

        :param ports: those to show, as far as their types are shown; their names are unique.
        :param is_closed: tells whether somebody closed the viewer.
        :param ended: is called then.
        """
        self._ports = tuple(
            port.overheard(_QUEUE, _PICTURES) for port in ports if scene.shows(port.type)
        )
        self._scene, self._is_closed, self._ended = scene, is_closed, ended

    def ports(self, parameters: Parameters) -> Ports:
        """Return the topics that are shown."""
        return Ports(self._ports)

    def step(self, inputs: Inputs, now: int) -> Outputs:
        """Show what has come."""
        for name, came in inputs.items():
            for message in came:
                self._scene.add(now, self.topic(name), message)
        if self._is_closed():
            self._ended()
        return ()

    def close(self) -> None:
        """Let the viewer have what is under way."""
        if not self._is_closed():
            self._scene.close()
