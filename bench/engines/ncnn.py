"""ncnn, with models converted by pnnx."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
import shutil
import subprocess
import sys
import sysconfig

import ncnn
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


def convert(model: Path, folder: Path) -> None:
    """Convert with pnnx, which writes many files beside its input; keep float32 weights."""
    work = folder / "pnnx"
    work.mkdir()
    shutil.copyfile(model, work / "model.onnx")
    pnnx = Path(sysconfig.get_path("purelib")) / "pnnx" / "pnnx"
    command = [str(pnnx), "model.onnx", "fp16=0"]
    subprocess.run(command, cwd=work, check=True, stdout=sys.stderr)
    for suffix in ("param", "bin"):
        (work / f"model.ncnn.{suffix}").rename(folder / f"model.{suffix}")
    shutil.rmtree(work)


def load(
    folder: Path, image: Array, threads: int, precision: str | None = "float32"
) -> Callable[[], list[Array]]:
    """
    Load a net.

    :param precision: what it stores and computes in: float32 or bfloat16; None: ncnn's choice.
    """
    net = ncnn.Net()
    net.opt.num_threads = threads
    net.opt.use_vulkan_compute = False
    if precision is not None:
        net.opt.use_bf16_storage = precision == "bfloat16"
        net.opt.use_fp16_packed = net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = False
    if net.load_param(str(folder / "model.param")) or net.load_model(str(folder / "model.bin")):
        raise OSError(f"ncnn can't load {folder}")
    inputs, outputs = net.input_names(), net.output_names()

    mat = ncnn.Mat(image[0]).clone()  # owns its memory

    def run() -> list[Array]:
        with net.create_extractor() as extractor:
            extractor.input(inputs[0], mat)
            return [np.array(extractor.extract(name)[1])[None] for name in outputs]

    return run
