"""The networks of the benchmark: they are as large as published, and compile."""

from pathlib import Path

import onnx
import pytest

from bench.networks import NETWORKS
from edge_compiler import targets
from edge_compiler.analysis import analyze
from edge_compiler.compile import compile_model, Options

# multiply-adds and parameters in millions, as their papers or their authors' code have them
PUBLISHED = {
    "squeezenet1.0": (838, 1.25),
    "squeezenet1.1": (356, 1.24),
    "mobilenet_v2": (301, 3.49),
    "resnet18": (1816, 11.68),
    "resnet50": (4091, 25.53),
    "ssd_mobilenet_v1": (1148, 5.78),
    "yolo_nano": (1094, 3.15),
    "vit_tiny": (1256, 5.72),
    "convnext_tiny": (4459, 28.59),
    "mobilevit_xxs": (411, 1.27),
    "detr_tiny": (1774, 3.38),
}
QUICK = ["squeezenet1.1", "mobilenet_v2", "yolo_nano"]
"""Some that have all the kinds of layers between them, and compile quickly."""


@pytest.fixture(scope="module", params=NETWORKS)
def network(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("networks") / f"{request.param}.onnx"
    onnx.save(NETWORKS[request.param](), path)
    return path


def test_networks_have_their_published_size_and_are_supported(network: Path) -> None:
    analysis = analyze(network, {}, targets.get("host"))
    macs, parameters = PUBLISHED[network.stem]
    assert analysis.macs / 1e6 == pytest.approx(macs, rel=0.01)
    assert analysis.parameters / 1e6 == pytest.approx(parameters, rel=0.01)
    assert analysis.unsupported == ()


@pytest.mark.slow
@pytest.mark.parametrize("name", QUICK)
def test_networks_compile_and_are_proven(name: str, tmp_path: Path) -> None:
    model = tmp_path / "network.onnx"
    onnx.save(NETWORKS[name](), model)
    compile_model(model, tmp_path / "network.edge", Options(), lambda *_: None)
