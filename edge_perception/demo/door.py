"""The owner's door: faces are shown to it, and it opens for one of them alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge_perception.core.node import ConfigurationError
from edge_perception.core.stamps import SECOND
from edge_perception.demo.offline import OfflineRobot, Seen
from edge_perception.demo.prepare import DemoError
from edge_perception.drivers.images import read_image
from edge_perception.environment import this_machine
from edge_perception.robot import enrolment
from edge_perception.robot.enrolment import EnrolmentError

OWNER = "owner"
MATCHES = 5
"""Pictures in a row that must show the owner."""
SHOWN = 8
"""Pictures of everybody, 10 a second."""
_BETWEEN = 30 * SECOND  # one who leaves and the next who comes
_START = 1_000 * SECOND
_PIPELINE = """\
version: 1
stages:
  - {{kind: detect, model: {faces}}}
  - {{kind: track}}
  - {{kind: align}}
  - {{kind: embed, model: {descriptor}}}
  - {{kind: identify, owners: owners.json}}
"""
_RULES = f"""\
version: 1
timeout: {{detections: 0.5}}
actions:
  locked: {{}}
  open: {{unlock: {{matches: {MATCHES}}}}}
default: locked
safe: locked
rules:
  - {{name: the owner, when: {{identity: {OWNER}}}, action: open}}
"""


@dataclass(frozen=True)
class Visit:
    """
    Somebody before the door.

    :ivar picture: shown for `SHOWN` pictures.
    :ivar opened: after how many of them it opened; None if it stayed locked.
    :ivar seen: the last of them.
    """

    picture: Path
    opened: int | None
    seen: Seen


class Door:
    """A camera, a model of faces, a descriptor of them, and a lock."""

    def __init__(self, faces: Path, descriptor: Path, folder: Path) -> None:
        """
        Take two bundles.

        :param folder: of the bundles, where the descriptions, the owners and the record go.
        """
        self._pipeline, self._rules = folder / "door.yaml", folder / "door_rules.yaml"
        self._pipeline.write_text(_PIPELINE.format(faces=faces.name, descriptor=descriptor.name))
        self._rules.write_text(_RULES)
        self._log = folder / "unlock.log"
        self._owners = folder / "owners.json"

    def enrol(self, pictures: Sequence[Path]) -> None:
        """
        Let the door know its owner, by these pictures alone.

        :raises DemoError: if they can't be used.
        """
        self._owners.unlink(missing_ok=True)
        environment = this_machine()
        try:
            register = enrolment.find(self._pipeline, environment)
            enrolment.enrol(register, OWNER, [str(path) for path in pictures], environment)
        except EnrolmentError as error:
            raise DemoError(str(error)) from error

    def visits(self, pictures: Sequence[Path]) -> Iterator[Visit]:
        """
        Show one after the other to the door.

        :raises DemoError: if something can't be read.
        """
        self._log.unlink(missing_ok=True)
        try:
            robot = OfflineRobot(self._pipeline, self._rules, self._log)
        except ConfigurationError as error:
            raise DemoError(str(error)) from error
        now = _START
        try:
            for picture in pictures:
                now += _BETWEEN
                frame = read_image(picture)
                opened = None
                for count in range(1, SHOWN + 1):
                    now += SECOND // 10
                    seen = robot.see(frame, now)
                    if seen.unlocked and opened is None:
                        opened = count
                yield Visit(picture, opened, seen)
        except ValueError as error:
            raise DemoError(f"{picture}: {error}") from error
        finally:
            robot.close()
