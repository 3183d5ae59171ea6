"""Building an engine, and the library that runs it, with the compiler of the device's machine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
import subprocess
import tempfile
import time

from edge_perception.runtime.errors import BundleError
from edge_perception.runtime.tensorrt.device import Device

Progress = Callable[[str, int, int], None]
"""Is told a stage and how much of how many of it is done; both are 0 if that isn't known."""

_MISSING = {
    "TENSORRT_INCLUDE is missing": ("NvInfer.h", "libnvinfer-dev"),
    "PARSER_INCLUDE is missing": ("NvOnnxParser.h", "libnvonnxparsers-dev"),
    "CUDA_INCLUDE is missing": ("cuda_runtime_api.h", "CUDA's headers, cuda-cudart-dev"),
}
"""What CMakeLists.txt says, which header that is, and of which package."""


def build(
    source: Path, network: Path, device: Device, include: Path | None, progress: Progress
) -> tuple[Path, float]:
    """
    Build the engine for a device, then the library that has it inside.

    :param source: folder of the library's sources, which the engine is added to.
    :param network: the ONNX file.
    :param include: where TensorRT's headers are, if not where the compiler looks.
    :returns: the library, and how many seconds TensorRT took for the engine.
    :raises BundleError: if something is not installed or fails.
    """
    folder = source.with_name("build")
    given = [f"-DTENSORRT_INCLUDE={include.resolve()}"] if include else []
    progress("looking for compiler and headers", 0, 0)
    _cmake("-S", str(source), "-B", str(folder), "-DCMAKE_BUILD_TYPE=Release", *given)
    progress("compiling the builder of engines", 0, 0)
    _cmake("--build", str(folder), "--target", "build_engine", "--parallel")
    start = time.monotonic()
    command = [str(folder / "build_engine"), str(network), str(source / "engine.plan")]
    _build_engine(command, device, progress)
    seconds = time.monotonic() - start
    progress("compiling the library", 0, 0)
    _cmake("--build", str(folder), "--target", "model", "--parallel")
    return folder / "model.so", seconds


def _cmake(*arguments: str) -> None:
    try:
        done = subprocess.run(["cmake", *arguments], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise BundleError("cmake is missing; install the packages cmake and g++") from None
    if not done.returncode:
        return
    said = done.stdout + done.stderr
    for text, (header, package) in _MISSING.items():
        if text in said:
            raise BundleError(
                f"{header} is missing; install {package}, or give the folder of TensorRT's "
                "headers with --include"
            )
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if "error" in line.lower()]
    raise BundleError(f"the library can't be compiled: {(errors or lines or ['cmake failed'])[0]}")


def _build_engine(command: Sequence[str], device: Device, progress: Progress) -> None:
    """Run the builder and pass on what it says of its progress."""
    with (
        tempfile.TemporaryFile("w+") as errors,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True) as builder,
    ):
        assert builder.stdout is not None
        for line in builder.stdout:
            kind, *words = line.split(maxsplit=3)
            if kind == "version" and words != [device.tensorrt]:
                builder.kill()
                raise BundleError(
                    f"NvInfer.h is of TensorRT {' '.join(words)} and libnvinfer of "
                    f"{device.tensorrt}; install both of the same version, or give the folder of "
                    "the headers with --include"
                )
            if kind == "progress":
                done, of, phase = words
                progress(f"building the engine, {phase.strip()}", int(done), int(of))
        if builder.wait():
            errors.seek(0)
            said = errors.read().strip().splitlines()
            why = said[-1] if said else f"it ended with {builder.returncode}"
            raise BundleError(f"the engine can't be built: {why}")
