"""
The engines, a module each; a module is imported only in its engine's own environment.

Such a module has two functions. ``convert(model, folder)``, with the arguments that
``Engine.convert_options`` adds, writes what the engine loads into a folder. ``load(folder, image,
threads)``, with the keywords of ``Engine.options``, gives a function that runs the network on the
image and returns its outputs, sorted by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OURS = "edge_perception"
REFERENCE = "onnxruntime"
"""Its answers are what the others' are compared with."""


@dataclass(frozen=True)
class Engine:
    """
    How an engine is had and run.

    :ivar name: as the tables show it.
    :ivar module: of this package.
    :ivar home: the environment that it lives in; empty: one of its own, named as the module.
    :ivar packages: what pip installs, without what these packages ask for.
    :ivar converters: likewise, but only needed to convert.
    :ivar package: the one of them that runs networks; its version and size are reported. Empty for
        ours: a compiled library needs none.
    :ivar options: keywords for ``load``.
    :ivar convert_options: further arguments for ``convert``.
    :ivar float32: computes in float32; others are shown, but are no match to win or lose.
    :ivar calibrated: ``convert`` takes samples as its last argument.
    :ivar converts_here: converting needs the environment of this project, not the engine's.
    :ivar sources: what a conversion depends on, beside the model and the package.
    """

    name: str
    module: str
    packages: tuple[str, ...]
    package: str
    converters: tuple[str, ...] = ()
    options: Mapping[str, object] = field(default_factory=dict)
    convert_options: tuple[str, ...] = ()
    float32: bool = True
    calibrated: bool = False
    converts_here: bool = False
    sources: tuple[Path, ...] = ()
    home: str = ""


def sources(*names: str) -> tuple[Path, ...]:
    """Return the files of modules of this package."""
    return tuple(ROOT / "bench" / "engines" / f"{name}.py" for name in names)


ENGINES = {
    engine.name: engine
    for engine in [
        Engine(
            OURS,
            "edge",
            ("numpy",),
            "",
            converts_here=True,
            sources=(*sources("edge"), ROOT / "edge_compiler", ROOT / "edge_perception/runtime"),
        ),
        Engine(
            REFERENCE,
            "onnxruntime",
            ("numpy", "onnxruntime", "flatbuffers", "packaging", "protobuf"),
            "onnxruntime",
            sources=sources("onnxruntime"),
        ),
        Engine(
            "openvino",
            "openvino",
            ("numpy", "openvino", "openvino-telemetry"),
            "openvino",
            options={"precision": "f32"},
            sources=sources("openvino"),
        ),
        Engine(
            "openvino as it comes",
            "openvino",
            ("numpy", "openvino", "openvino-telemetry"),
            "openvino",
            float32=False,
            sources=sources("openvino"),
        ),
        Engine(
            "ncnn",
            "ncnn",
            ("numpy", "ncnn"),
            "ncnn",
            converters=("pnnx",),
            sources=sources("ncnn"),
        ),
        Engine("mnn", "mnn", ("numpy", "MNN"), "MNN", sources=sources("mnn")),
        Engine(
            "litert",
            "litert",
            (
                "numpy",
                "ai-edge-litert",
                "backports.strenum",
                "flatbuffers",
                "ml_dtypes",
                "onnx",
                "protobuf",
                "tqdm",
                "typing_extensions",
            ),
            "ai-edge-litert",
            sources=sources("litert", "tflite", "onnx_to_tflite"),
        ),
    ]
}
