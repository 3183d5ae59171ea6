"""What node cores need of the world: whoever runs them hands it in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TYPE_CHECKING

if TYPE_CHECKING:
    from edge_perception.core.decision.audit import OpenAudit
    from edge_perception.core.imu.bias import BiasStore
    from edge_perception.core.imu.source import OpenImu
    from edge_perception.core.perception.model import Load
    from edge_perception.core.source import OpenCamera
    from edge_perception.core.wheels.source import OpenWheels

ReadFile = Callable[[Path, int], bytes]
"""Returns the first so many bytes of a file; raises OSError if it can't be read."""


class Task(Protocol):
    """Something that is done beside the node's steps."""

    def is_alive(self) -> bool:
        """Return whether it is still being done."""

    def join(self) -> None:
        """Wait for its end."""


@dataclass(frozen=True)
class Environment:
    """
    Clock, files, models and devices.

    A core looks at nothing else, so that with the same environment, messages and times it returns
    the same messages. On a robot it is `edge_perception.environment.this_machine`.

    :ivar monotonic: nanoseconds of a clock that goes on where the time of messages stands still;
        stages and silences are measured by it.
    :ivar read_file: reads parameters that are files.
    :ivar start: does what takes longer than a step, and raises nothing, beside the steps.
    :ivar share: the folder of this package's data, with config/rules.yaml.
    :ivar load: loads models.
    :ivar open_camera: opens sources of pictures.
    :ivar open_imu: opens IMUs.
    :ivar open_wheels: opens encoders of wheels.
    :ivar open_audit: opens the file in which it is recorded what was unlocked.
    :ivar open_biases: opens what keeps the biases of gyroscopes from one start to the next.
    """

    monotonic: Callable[[], int]
    read_file: ReadFile
    start: Callable[[Callable[[], None]], Task]
    share: Path
    load: Load
    open_camera: OpenCamera
    open_imu: OpenImu
    open_wheels: OpenWheels
    open_audit: OpenAudit
    open_biases: Callable[[], BiasStore]
