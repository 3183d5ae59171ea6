"""What was counted so far, so that an interrupted run goes on where it was."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.arm.results import Counted
from bench.arm.subjects import Subject
from bench.cache import digest
from bench.record import recalled


@dataclass(frozen=True)
class Kept:
    """
    A folder of counts, a file each, named by a digest of all that they depend on.

    :ivar emulator: its version.
    :ivar again: count what is there, too.
    """

    folder: Path
    emulator: str
    again: bool = False

    def count(
        self,
        subject: Subject,
        conversion: Path,
        image: Path,
        count: Callable[[], tuple[Counted, float]],
    ) -> tuple[Counted, float]:
        """
        Return what was counted, and the error of the answer; count it if need be.

        :param conversion: named by what it was made of.
        """
        wheels = subject.wheels.name if subject.wheels else ""
        names = (conversion.parent.parent.name, conversion.parent.name, conversion.name, wheels)
        key = digest(*names, subject.processor.name, subject.options, self.emulator, image)

        def found() -> dict[str, object]:
            counted, error = count()
            return {"counted": asdict(counted), "error": error}

        kept = recalled(self.folder / f"{key}.json", self.again, found)
        return Counted(**kept["counted"]), kept["error"]
