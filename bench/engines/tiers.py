"""The engines once more, in each precision that they have."""

from __future__ import annotations

from dataclasses import replace

from bench.engines import Engine, ENGINES, OURS, ROOT, sources

FLOAT32, HALF, INT8 = "float32", "half", "int8"
FLOAT16 = "float16"
"""What halves are on Arm."""
CHOICE = "as it comes"
"""Of the engine's own choice, which may be bfloat16."""
AVX2 = "with AVX2"
"""Of ours, on processors that have no more."""
REDUCED = "int8 of 7 bits"


def _ours(precision: str, **options: str) -> Engine:
    parts = ("edge_compiler", "edge_perception/runtime")
    return replace(
        ENGINES[OURS],
        name=f"{OURS} {precision}",
        module="edge_tiers",
        home="edge",
        options=options,
        calibrated=True,
        sources=(*sources("edge_tiers"), *(ROOT / part for part in parts)),
    )


def _quantised(name: str, *packages: str, here: bool = False) -> Engine:
    """Return a peer in integers; `packages` are what its quantiser needs beside it."""
    plain = ENGINES[name]
    module = f"{plain.module}_int8"
    return replace(
        plain,
        name=f"{name} {INT8}",
        module=module,
        converters=(*plain.converters, *packages),
        options={},
        calibrated=True,
        converts_here=here,
        sources=(*plain.sources, *sources(module)),
        home="" if packages else plain.module,
    )


def _in(name: str, label: str, **options: object) -> Engine:
    return replace(ENGINES[name], name=f"{name} {label}", options=options)


_NNCF = (
    *("nncf", "joblib", "markdown-it-py", "mdurl", "networkx", "ninja", "packaging", "psutil"),
    *("pydot", "Pygments", "pyparsing", "rich", "safetensors", "scikit-learn", "scipy"),
    *("tabulate", "threadpoolctl"),
)
_QUANTIZER = ("ai-edge-quantizer", "absl-py", "immutabledict", "litert-lm-builder", "scipy")

TIERS = {
    engine.name: engine
    for engine in (
        _ours(FLOAT32, tier="float32"),
        _ours(HALF, tier="half"),
        _ours(INT8, tier="int8"),
        _ours(f"{FLOAT32} {AVX2}", tier="float32", variant="avx2"),
        _ours(f"{INT8} {AVX2}", tier="int8", variant="avx2"),
        _ours(f"{REDUCED} {AVX2}", tier="int8-reduced", variant="avx2"),
        ENGINES["openvino as it comes"],
        _quantised("openvino", *_NNCF),
        ENGINES["onnxruntime"],
        _quantised("onnxruntime", here=True),
        _in("ncnn", CHOICE, precision=None),
        _in("ncnn", HALF, precision="bfloat16"),
        _quantised("ncnn"),
        ENGINES["mnn"],
        _in("mnn", HALF, precision="Low_BF16"),
        _quantised("mnn"),
        ENGINES["litert"],
        _quantised("litert", *_QUANTIZER),
    )
}

ON_ARM = {
    engine.name: engine
    for engine in (
        _in("ncnn", FLOAT16, precision=None),
        _in("mnn", FLOAT16, precision="low"),
    )
}
"""What engines choose where a processor has arithmetic of float16: theirs, sums included."""
