"""
Where the library is that ``edgec finish`` has made for a bundle on this device.

It is a bundle of its own in the user's cache, with the engine in its library. Its name says what
the engine depends on, so an engine for another network, device or version of TensorRT is never
taken for the right one, and stays there for the day that it is the right one again.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from edge_perception.runtime.accelerator import Accelerator
from edge_perception.runtime.cache import user_cache
from edge_perception.runtime.errors import BundleError
from edge_perception.runtime.manifest import Manifest
from edge_perception.runtime.tensorrt.device import Device, find_device


def accelerator_of(manifest: Manifest, bundle: Path) -> Accelerator:
    """
    Return what a bundle says of TensorRT.

    :raises BundleError: if it was not compiled for it, or TensorRT can't run its network.
    """
    accelerator = manifest.accelerator
    if accelerator is None:
        raise BundleError(
            f"{bundle} has nothing to finish: it was not compiled with --target tensorrt"
        )
    if accelerator.refused:
        node, reason = next(iter(accelerator.refused.items()))
        more = len(accelerator.refused) - 1
        others = f", nor {more} more" if more else ""
        raise BundleError(f"TensorRT can't run the node '{node}'{others}: {reason}")
    return accelerator


def place_of(manifest: Manifest, device: Device) -> Path:
    """
    Return where the finished bundle is, or goes.

    :raises BundleError: if this user has no cache.
    """
    assert manifest.accelerator is not None
    folder = f"{manifest.accelerator.name}/"
    digest = hashlib.sha256(manifest.model.sha256.encode())
    for name, file in sorted(manifest.files.items()):
        if name.startswith(folder):
            digest.update(f"\0{name}\0{file.sha256}".encode())
    digest.update(manifest.accelerator.precision.encode())
    name = f"{digest.hexdigest()[:16]}-{device.architecture}-{device.tensorrt}.edge"
    return user_cache() / manifest.accelerator.name / name


def find_finished(manifest: Manifest, bundle: Path) -> Path:
    """
    Return the finished bundle for the device of this machine.

    :raises BundleError: if there is none, or no device, saying what to do.
    """
    device = find_device(accelerator_of(manifest, bundle))
    place = place_of(manifest, device)
    if place.is_dir():
        return place
    model = place.name.partition("-")[0]
    others = sorted(path.stem.partition("-")[2] for path in place.parent.glob(f"{model}-*.edge"))
    old = f" (there is one for {', '.join(others)})" if others else ""
    raise BundleError(f"no engine for {device}{old}; run edgec finish {bundle}")
