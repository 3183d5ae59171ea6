"""Cameras, buses and lines: which there are, what is on them, and who may open them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
import errno
import os
from pathlib import Path

from edge_perception.core.source import SourceError
from edge_perception.drivers import v4l2_abi as abi
from edge_perception.drivers.i2c import Bus
from edge_perception.drivers.imu import bno055, mpu
from edge_perception.drivers.v4l2 import ENCODINGS, multi_planar
from edge_perception.drivers.v4l2_modes import formats, identify, Size, sizes
from edge_perception.tools.doctor.machine import Finding, join, Machine, names

_IMUS = (
    ("mpu", (0x68, 0x69), mpu.WHO_AM_I, {who: one.name for who, one in mpu.MODELS.items()}),
    ("bno055", (0x28, 0x29), bno055.CHIP_ID, {bno055.ANSWER: "BNO055"}),
)
"""By the name of the driver: addresses, the register that says what it is, and its answers."""
_I2C = "sys/bus/i2c/devices"


def cameras(machine: Machine) -> Iterator[Finding]:
    """Yield each camera, and a line for each of its formats."""
    devices = machine.devices("video*")
    if not devices:
        yield Finding("camera", "none at /dev/video*: images come from a topic, a video or a bag")
    for device in devices:
        part = f"camera {device.name}"
        try:
            descriptor = machine.system.open(str(device))
        except OSError as error:
            is_barred = error.errno in (errno.EACCES, errno.EPERM)
            remedy = join("video") if is_barred else f"fuser -v /dev/{device.name}"
            yield Finding(part, f"can't be opened: {error.strerror}", remedy)
            continue
        try:
            yield from _camera(machine, descriptor, device)
        except OSError as error:
            yield Finding(part, f"does not answer: {error.strerror}", "check its cable and power")
        finally:
            machine.system.close(descriptor)


def _camera(machine: Machine, descriptor: int, device: Path) -> Iterator[Finding]:
    part = f"camera {device.name}"
    try:
        name, can = identify(machine.system, descriptor)
    except OSError as error:
        if error.errno == errno.ENOTTY:  # nothing of Video4Linux2
            return
        raise
    several = multi_planar(can)
    if several and not can & abi.VIDEO_OUTPUT_MPLANE:  # with output it is a codec, no camera
        yield Finding(part, name, several)
    if not can & abi.VIDEO_CAPTURE:  # cameras have devices without pictures, too
        return
    offered = formats(machine.system, descriptor)
    if any(code in ENCODINGS for code in offered):
        yield Finding(part, f"{name}: camera:=/dev/{device.name}")
    else:
        yield Finding(
            part,
            f"{name}: no format that is read here ({', '.join(ENCODINGS)})",
            "use its ROS driver, such as camera_ros for raw pictures of a sensor, and give its "
            "topic to the perception node",
        )
    for code, number in offered.items():
        modes = _modes(sizes(machine.system, descriptor, number))
        read = "" if code in ENCODINGS else " (not read here)"
        yield Finding(part, f"{code}{read}: {modes}" if modes else f"{code}{read}")


def _modes(offered: Iterable[Size]) -> str:
    """Return sizes for people: those with the same rates together, in the camera's order."""
    alike: dict[str, list[str]] = {}
    for size in offered:
        least, most = (f"{width}x{height}" for width, height in (size.least, size.most))
        rates = (" down to " if size.any_rate else ", ").join(f"{one:.3g}" for one in size.rates)
        pixels = most if least == most else f"{least} to {most}"
        alike.setdefault(rates, []).append(pixels)
    return "; ".join(
        ", ".join(pixels) + (f" at {rates} a second" if rates else "")
        for rates, pixels in alike.items()
    )


def device_files(machine: Machine, part: str, group: str, *patterns: str) -> Finding:
    """Return which files there are, and whether who asks may open them."""
    devices = machine.devices(*patterns)
    barred = [one for one in devices if not os.access(one, os.R_OK | os.W_OK)]
    if barred:
        return Finding(part, f"{names(barred)} may not be opened", join(group))
    return Finding(part, names(devices) or "none")


def i2c(machine: Machine) -> Iterator[Finding]:
    """Yield the buses, and what is known of the parts on them."""
    adapters = list((machine.root / _I2C).glob("i2c-*"))
    if adapters and not machine.devices("i2c-*"):
        yield Finding(
            "I2C",
            f"{len(adapters)} in the kernel, none in /dev",
            "echo i2c-dev | sudo tee /etc/modules-load.d/i2c.conf && sudo modprobe i2c-dev",
        )
        return
    whole = device_files(machine, "I2C", "i2c", "i2c-*")
    if whole.found == "none" and "Raspberry Pi" in machine.read("proc/device-tree/model"):
        whole = whole._replace(found="none; if you need it: sudo raspi-config nonint do_i2c 0")
    yield whole
    if whole.remedy:
        return
    for device in machine.devices("i2c-*"):
        number = int(device.name.removeprefix("i2c-"))
        yield from _in_kernel(machine, number)
        try:
            bus = machine.open_bus(number)
        except OSError:
            continue
        except SourceError as error:  # of all buses
            yield Finding("I2C", f"IMUs were not looked for: {error}")
            return
        try:
            yield from _imus(bus, number)
        finally:
            bus.close()


def _in_kernel(machine: Machine, number: int) -> Iterator[Finding]:
    """Yield what the kernel knows of a bus."""
    for path in sorted((machine.root / _I2C).glob(f"{number}-*")):
        name = machine.read(f"{_I2C}/{path.name}/name") or "a device"
        place = int(path.name.partition("-")[2], 16)
        driver = path / "driver"
        user = (
            f", which the kernel's driver {driver.resolve().name} uses" if driver.exists() else ""
        )
        yield Finding(f"I2C {number}", f"0x{place:02x}: {name}{user}")


def _imus(bus: Bus, number: int) -> Iterator[Finding]:
    """Yield the IMUs on a bus, as their drivers would find them."""
    for driver, places, register, known in _IMUS:
        for place in places:
            try:
                answer = bus.read_i2c_block_data(place, register, 1)[0]
            except OSError:  # nobody is there, or a driver of the kernel has it
                continue
            part, spec = f"I2C {number}", f"{driver}:{number}:0x{place:02x}"
            if answer in known:
                yield Finding(part, f"0x{place:02x}: {known[answer]}, imu:={spec}")
            else:
                yield Finding(
                    part,
                    f"0x{place:02x}: no IMU that the driver {driver} knows (its register "
                    f"0x{register:02x} says 0x{answer:02x})",
                )
