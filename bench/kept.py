"""
What a benchmark has measured so far, so that an interrupted one goes on where it was.

Each series is a file, written anew after each round. Its name has a digest of all that the figures
depend on: what was measured of an older library is not found again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
import json
from pathlib import Path

from bench.cache import digest
from bench.machine import Ceiling, describe_machine, Machine
from bench.record import recalled, write
from edge_compiler.machine import processor_identity


@dataclass
class Series:
    """
    Rounds in which all engines took turns.

    :ivar path: of the file that it is kept in.
    :ivar times: milliseconds of each run, by engine.
    :ivar answers: difference from the reference's, and whether the first is the same; by engine.
    :ivar starts: milliseconds to the first answer, and most memory in bytes; by engine.
    """

    path: Path
    rounds: int = 0
    times: dict[str, list[float]] = field(default_factory=dict)
    answers: dict[str, tuple[float, bool]] = field(default_factory=dict)
    starts: dict[str, list[tuple[float, int]]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    def fail(self, sentence: str) -> None:
        """Note what can't be measured, once."""
        if sentence not in self.failures:
            self.failures.append(sentence)

    def end_round(self) -> None:
        """Keep what was measured."""
        self.rounds += 1
        write(self.path, {key: value for key, value in asdict(self).items() if key != "path"})


class Kept:
    """
    A folder of series.

    :ivar again: measure anew what is there.
    """

    def __init__(self, folder: Path, again: bool = False) -> None:
        self.folder = folder
        self.again = again

    def series(
        self, network: str, what: str, conversions: Mapping[str, Path], seconds: float = 0
    ) -> Series:
        """
        Return what was measured of a network, or an empty series.

        :param what: such as the number of threads.
        :param conversions: what each engine loads, named by what it was made of.
        :param seconds: that a turn takes.
        """
        made_of = (f"{engine} {path.name}" for engine, path in conversions.items())
        key = digest(processor_identity(), f"{seconds}", *made_of)
        path = self.folder / f"{network}-{what}-{key}.json"
        if self.again or not path.is_file():
            return Series(path)
        return Series(path, **json.loads(path.read_text()))

    def machine(self, threads: int) -> Machine:
        """Return the machine with what it can do at most with so many threads."""
        path = self.folder / f"machine-{threads}-{digest(processor_identity())}.json"
        found = recalled(path, self.again, lambda: asdict(describe_machine([threads])))
        ceilings = {count: Ceiling(**ceiling) for count, ceiling in found["ceilings"].items()}
        return Machine(**{**found, "ceilings": ceilings})
