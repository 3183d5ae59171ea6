"""
edge_perception in all of its precisions: libraries that are built, and not proven first.

They carry the best instruction set that this processor has, and AVX2, as most robots have it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
import tempfile

import numpy as np
from numpy.typing import NDArray

from edge_perception.runtime import Library

Array = NDArray[np.float32]

FLOAT32, HALF, INT8, REDUCED = "float32", "half", "int8", "int8-reduced"
AVX2 = "avx2"


def convert(model: Path, folder: Path, calibration: str) -> None:
    """Build a library for each precision; integers by what samples say."""
    with tempfile.TemporaryDirectory() as scratch:
        for tier in (FLOAT32, HALF, INT8, REDUCED):
            _build(_rewritten(model, tier, Path(calibration), Path(scratch)), folder / tier)


def load(
    folder: Path, image: Array, threads: int, tier: str, variant: str | None = None
) -> Callable[[], list[Array]]:
    """
    Load the library of one precision.

    :param variant: instruction set; None: the best.
    """
    instance = Library(folder / tier / "model.so").create(threads, variant)
    inputs = {instance.model.inputs[0].name: image}
    return lambda: list(instance.run(inputs).values())


def _silent(what: str, done: int, total: int) -> None:
    """Show nothing."""


def _rewritten(model: Path, tier: str, calibration: Path, scratch: Path) -> Path:
    from edge_compiler.description.describe import Overrides
    from edge_compiler.precision.half import round_file, Rounding
    from edge_compiler.precision.network import quantise_file, Source, Wanted

    source = Source(model, {}, {}, Overrides())
    output = scratch / f"{tier}.onnx"
    if tier == FLOAT32:
        return model
    if tier == HALF:
        round_file(source, output, Rounding(), _silent)
    else:
        quantise_file(source, output, Wanted(calibration, reduce_range=tier == REDUCED), _silent)
    return output


def _build(model: Path, folder: Path) -> None:
    from dataclasses import replace

    from edge_compiler import frontend, passes, targets
    from edge_compiler.description.describe import Description
    from edge_compiler.targets.program.variants import Variant

    graph = frontend.load(model)
    passes.optimise(graph)
    folder.mkdir()
    host = targets.get("host")
    platform = host.platform

    def some(variants: tuple[Variant, ...], best: Variant) -> tuple[Variant, ...]:
        return tuple(x for x in variants if x.name in (best.name, AVX2))

    chosen = replace(
        platform,
        variants=some(platform.variants, platform.best_here()),
        for_bytes=some(platform.for_bytes, platform.of_library(multiplies_bytes=True).best_here()),
    )
    replace(host, platform=chosen).build(graph, Description("bench", ""), folder, _silent)
