"""``edgec finish``: a bundle's engine, built and proven on the device that will run it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
import shutil
import statistics
import time

from edge_perception.runtime.accelerator import Accelerator
from edge_perception.runtime.arrays import Array
from edge_perception.runtime.bundle import (
    model_from_json,
    model_to_json,
    write_manifest,
    write_record,
)
from edge_perception.runtime.contents import (
    Contents,
    contents_of,
    open_bundle,
    read_contents,
)
from edge_perception.runtime.errors import BundleError
from edge_perception.runtime.files import describe_file, Files
from edge_perception.runtime.library import Instance, Library
from edge_perception.runtime.manifest import Manifest, Model
from edge_perception.runtime.proof import Proof
from edge_perception.runtime.record import Record, Speed
from edge_perception.runtime.selftest import Answer, parse_selftest, relative_error
from edge_perception.runtime.swap import exchange, workplace
from edge_perception.runtime.tensorrt.build import build, Progress
from edge_perception.runtime.tensorrt.device import Device, find_device
from edge_perception.runtime.tensorrt.finished import accelerator_of, place_of

RUNS = 50
"""That are measured."""
NETWORK, SOURCE, CASE = "network.onnx", "source", "case-{}.npz"
"""What a bundle has for the device: the network, the sources, and self-tests of the network."""


@dataclass(frozen=True)
class Finished:
    """
    What was made.

    :ivar place: the bundle that runs on the device, in the user's cache.
    :ivar contents: of it.
    :ivar seconds: that the engine took to build; None: it was there already.
    """

    place: Path
    contents: Contents
    seconds: float | None


def finish(
    bundle: Path, progress: Progress, again: bool = False, include: Path | None = None
) -> Finished:
    """
    Build what runs a bundle's network on this machine's device, prove it, and keep it.

    It appears in the user's cache completely or not at all.

    :param again: also if it is there already.
    :param include: where TensorRT's headers are, if not where the compiler looks.
    :raises BundleError: if something is missing or fails, or an output is wrong.
    :raises OSError: if it can't be written.
    """
    with open_bundle(bundle) as files:
        manifest = contents_of(files).manifest
        accelerator = accelerator_of(manifest, bundle)
        device = find_device(accelerator)
        place = place_of(manifest, device)
        if place.is_dir() and not again:
            return Finished(place, read_contents(place), None)
        place.parent.mkdir(parents=True, exist_ok=True)
        with workplace(place) as scratch:
            _copy(files, manifest, accelerator.name, scratch)
            sources = scratch / accelerator.name / SOURCE
            model = _describe(sources / "description.json", device)
            network = sources.with_name(NETWORK)
            library, seconds = build(sources, network, device, include, progress)
            new = scratch / "new"
            new.mkdir()
            library.rename(new / manifest.library)
            shutil.copy(sources.with_name(CASE.format(0)), new / manifest.selftest)
            progress("comparing the outputs", 0, 0)
            finished, speed = _prove(scratch, manifest, model, accelerator, device)
            described = {path.name: describe_file(path) for path in new.iterdir()}
            write_manifest(new, replace(finished, files=described))
            created = datetime.now(timezone.utc).isoformat(timespec="seconds")
            write_record(new, Record(created, speed, {}))
            exchange(new, place)
    return Finished(place, read_contents(place), seconds)


def _copy(files: Files, manifest: Manifest, folder: str, scratch: Path) -> None:
    """Copy a folder of the bundle; what was checked is what is compiled and run."""
    wanted = {name: of for name, of in manifest.files.items() if name.startswith(f"{folder}/")}
    for name, stated in wanted.items():
        path = scratch / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            file.writelines(files.blocks(name, stated))


def _describe(path: Path, device: Device) -> Model:
    """Let the library say which TensorRT it was built with."""
    model = model_from_json(path.read_text("utf-8"))
    edgec, _, _ = model.compiler.partition(", ")
    model = replace(model, compiler=f"{edgec}, TensorRT {device.tensorrt}")
    path.write_text(model_to_json(model), "utf-8")
    return model


def _prove(
    scratch: Path, manifest: Manifest, model: Model, accelerator: Accelerator, device: Device
) -> tuple[Manifest, Speed]:
    """
    Compare all outputs with what ONNX Runtime made of the same network.

    :param scratch: has the bundle's files, and the library in ``new``.
    :returns: the finished bundle's manifest, but for its files, and how fast it is.
    :raises BundleError: if an output is wrong.
    """
    paths = sorted((scratch / accelerator.name).glob(CASE.format("*")))
    cases = [parse_selftest(path.read_bytes(), path, manifest.model) for path in paths]
    with Library(scratch / "new" / manifest.library).create() as ours:
        errors = [_errors(ours, inputs, expected) for inputs, [expected] in cases]
        speed = _measure(ours, cases[0][0], device)
    worst = {name: max(case[name] for case in errors) for name in errors[0]}
    name = max(worst, key=lambda output: worst[output])
    if worst[name] > accelerator.tolerance:
        raise BundleError(
            f"TensorRT's output {name!r} is off by {worst[name]:.1e}, allowed in "
            f"{accelerator.precision}: {accelerator.tolerance:.0e}; the bundle's library goes on "
            "running the network"
        )
    proof = Proof(manifest.proof.reference, accelerator.tolerance, worst[name], name, len(errors))
    return replace(manifest, model=model, proof=proof, fusions=(), accelerator=None), speed


def _errors(ours: Instance, inputs: dict[str, Array], expected: Answer) -> dict[str, float]:
    outputs = ours.run(inputs)
    return {name: relative_error(outputs[name], array) for name, array in expected.items()}


def _measure(ours: Instance, inputs: dict[str, Array], device: Device) -> Speed:
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        ours.run(inputs)
        times.append((time.perf_counter() - start) * 1e3)
    return Speed(str(device), 1, min(times), statistics.median(times))
