"""Real architectures: fused as expected, the same numbers, and compiled and proven."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
import shutil

from light_models import COMPILED, give_weights
import pytest
from small_models import assert_same

from edge_compiler import ops, targets
from edge_compiler.compile import compile_model, Options
from edge_compiler.frontend import load
from edge_compiler.ir.graph import Graph
from edge_compiler.passes import optimise
from edge_compiler.proof.difference import TOLERANCE
from edge_compiler.targets.refusals import refusals

# Operators after optimisation, "*" for an activation and "+" for a residual that is fused.
EXPECTED = {
    "bvlc_alexnet": "5 Conv* 2 LRN 3 MaxPool 1 Reshape 2 Gemm* 1 Gemm 1 Softmax",
    "densenet121": (
        "59 Conv* 62 Conv 62 ChannelAffine* 58 Concat 1 MaxPool 3 AveragePool 1 GlobalAveragePool"
    ),
    "inception_v1": (
        "57 Conv* 2 LRN 13 MaxPool 9 Concat 1 AveragePool 1 Reshape 1 Gemm 1 Softmax"
    ),
    "inception_v2": (
        "69 Conv* 5 MaxPool 10 Concat 7 AveragePool 1 GlobalAveragePool 1 Reshape 1 Gemm 1 Softmax"
    ),
    "resnet50": (
        "33 Conv* 4 Conv 16 Conv+* 1 MaxPool 1 GlobalAveragePool 1 Reshape 1 Gemm 1 Softmax"
    ),
    "shufflenet": (
        "17 Conv* 19 Conv 13 Conv+* 3 Relu 3 Concat 16 ChannelShuffle 1 MaxPool 3 AveragePool "
        "1 GlobalAveragePool 1 Reshape 1 Gemm 1 Softmax"
    ),
    "squeezenet": "26 Conv* 8 Concat 3 MaxPool 1 GlobalAveragePool 1 Flatten 1 Softmax 1 Reshape",
    "vgg19": "16 Conv* 5 MaxPool 1 Reshape 2 Gemm* 1 Gemm 1 Softmax",
    "zfnet512": "5 Conv* 2 LRN 3 MaxPool 1 Reshape 2 Gemm* 1 Gemm 1 Softmax",
}

# Multiply-accumulates of convolutions and matrix products, in millions.
MILLION_MACS = {"resnet50": 4089, "squeezenet": 349, "vgg19": 19632}


LONG = ("vgg19",)


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=pytest.mark.long) if n in LONG else n for n in EXPECTED],
)
def test_light_model(
    name: str, tmp_path: Path, made_once: Callable[[str, Callable[[Path], object]], Path]
) -> None:
    path = made_once(f"random_{name}.onnx", lambda target: give_weights(name, target))
    graph = load(path)
    optimise(graph)
    assert refusals(graph, targets.get("host")) == []
    words = EXPECTED[name].split()
    assert _kinds(graph) == dict(zip(words[1::2], map(int, words[::2]), strict=True))
    if name in MILLION_MACS:
        layers = (node for node in graph.nodes if node.op in ("Conv", "Gemm"))
        assert round(sum(map(ops.macs, layers)) / 1e6) == MILLION_MACS[name]
    assert_same(graph, path)


@pytest.mark.slow
@pytest.mark.parametrize("name", COMPILED)
def test_light_model_compiles_and_is_proven(
    name: str, tmp_path: Path, made_once: Callable[[str, Callable[[Path], object]], Path]
) -> None:
    """With random weights; as they are shipped, test_stored_outputs.py compiles them."""
    model = made_once(f"random_{name}.onnx", lambda target: give_weights(name, target))
    bundle = tmp_path / f"{name}.edge"
    proof = compile_model(model, bundle, Options(), lambda *_: None).proof
    assert 0 < proof.worst_error <= TOLERANCE
    shutil.rmtree(bundle)  # with all the weights: pytest keeps the folders of three runs


def _kinds(graph: Graph) -> dict[str, int]:
    """Count the nodes of each kind, written as in EXPECTED."""
    return Counter(
        node.op + "+" * bool(node.fused.residual) + "*" * bool(node.fused.activation)
        for node in graph.nodes
    )
