"""
The energy that this machine takes, where a counter says so.

Three are known: RAPL of processors by Intel and AMD, the INA3221 of Jetson boards, and the battery
of the machine. Where there is none, nothing is known, and nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
import time
from typing import Protocol

_RAPL = "sys/class/powercap"
_HWMON = "sys/class/hwmon"
_SUPPLIES = "sys/class/power_supply"
_TOTAL = ("VDD_IN", "POM_5V_IN", "VDD_5V_IN")
"""What Jetson boards call the rail that feeds all others."""
_CHANNELS = range(1, 8)
_GIVES = "Discharging"
"""What a battery says that feeds the machine: what else it takes or gives says nothing of that."""


class Meter(Protocol):
    """
    A counter of energy.

    :ivar source: what it is, and of what.
    """

    source: str

    def joules(self) -> float:
        """
        Return what was taken since it was found.

        Some know but the power of now: call it again and again, some ten times a second.

        :raises OSError: if it can't be read any more.
        """


def find(
    root: Path = Path("/"), clock: Callable[[], float] = time.monotonic
) -> tuple[Meter | None, str]:
    """
    Return a meter of this machine, or None and why there is none: a sentence.

    :param root: of its file system.
    :param clock: seconds that never go back.
    """
    barred = ""
    for make in (_rapl, _jetson, _battery):
        try:
            meter = make(root, clock)
        except PermissionError as error:
            barred = barred or f"{error.filename} may not be read: sudo chmod a+r {error.filename}"
        except (OSError, ValueError):  # one that does not answer is none
            continue
        else:
            if meter is not None:
                return meter, ""
    return None, barred or "this machine has no counter of energy (RAPL, INA3221, battery)"


class _Counters:
    """Counters that go on to count: RAPL's packages."""

    def __init__(self, source: str, zones: list[_Zone]) -> None:
        self.source = source
        self._zones = zones

    def joules(self) -> float:
        """Return what was taken; they begin again at 0 after minutes or hours."""
        return sum(zone.joules() for zone in self._zones)


class _Zone:
    def __init__(self, folder: Path) -> None:
        self._file = folder / "energy_uj"
        self._range = int(_text(folder / "max_energy_range_uj"))
        self._last = int(_text(self._file))
        self._sum = 0

    def joules(self) -> float:
        now = int(_text(self._file))
        self._sum += now - self._last if now >= self._last else now + self._range - self._last
        self._last = now
        return self._sum / 1e6


class _Power:
    """A sensor of power, which is added up from one look to the next."""

    def __init__(
        self, source: str, watts: Callable[[], float], clock: Callable[[], float]
    ) -> None:
        self.source = source
        self._watts, self._clock = watts, clock
        self._last, self._when = watts(), clock()
        self._sum = 0.0

    def joules(self) -> float:
        """Return what was taken, if the power changed evenly from look to look."""
        watts, now = self._watts(), self._clock()
        self._sum += (watts + self._last) / 2 * (now - self._when)
        self._last, self._when = watts, now
        return self._sum


def _rapl(root: Path, clock: Callable[[], float]) -> Meter | None:
    """Return the counters of the packages; of the whole platform, if there is that."""
    zones = {zone: _text(zone / "name") for zone in sorted((root / _RAPL).glob("*-rapl:[0-9]*"))}
    packages = [zone for zone, name in zones.items() if name.startswith("package-")]
    platform = [zone for zone, name in zones.items() if name == "psys"]
    chosen, of = (platform, "platform") if platform else (packages, "processor")
    if not chosen:
        return None
    return _Counters(f"RAPL, the whole {of}", [_Zone(zone) for zone in chosen])


@dataclass(frozen=True)
class _Rail:
    """A channel of an INA3221: millivolts times milliamperes."""

    folder: Path
    channel: int

    def __call__(self) -> float:
        volts = int(_text(self.folder / f"in{self.channel}_input"))
        return volts * int(_text(self.folder / f"curr{self.channel}_input")) / 1e6


def _jetson(root: Path, clock: Callable[[], float]) -> Meter | None:
    """Return the sensor of the rail that feeds the board."""
    for folder, channel, label in _rails(root):
        if label in _TOTAL:
            return _Power(f"INA3221, the whole board ({label})", _Rail(folder, channel), clock)
    return None


def _rails(root: Path) -> Iterator[tuple[Path, int, str]]:
    for folder in sorted((root / _HWMON).glob("hwmon*")):
        if _text(folder / "name") == "ina3221":
            for channel in _CHANNELS:
                if (label := folder / f"in{channel}_label").exists():
                    yield folder, channel, _text(label)


@dataclass(frozen=True)
class _Battery:
    """What a battery gives, in microwatts, or microvolts times microamperes."""

    folder: Path

    def __call__(self) -> float:
        if (status := _text(self.folder / "status")) != _GIVES:
            raise OSError(f"battery {self.folder.name}: {status}, so it doesn't feed the machine")
        if (power := self.folder / "power_now").exists():
            return abs(int(_text(power))) / 1e6
        volts = int(_text(self.folder / "voltage_now"))
        return volts * abs(int(_text(self.folder / "current_now"))) / 1e12


def _battery(root: Path, clock: Callable[[], float]) -> Meter | None:
    """Return a battery that feeds this machine; one of a device beside it does not."""
    for folder in sorted((root / _SUPPLIES).glob("*")):
        scope = folder / "scope"
        if (
            _text(folder / "type") == "Battery"
            and _text(folder / "status") == _GIVES
            and not (scope.exists() and _text(scope) == "Device")
        ):
            return _Power(f"battery {folder.name}, the whole machine", _Battery(folder), clock)
    return None


def _text(path: Path) -> str:
    return path.read_text(encoding="ascii", errors="replace").strip()
