"""What the models of the zoo answer on photographs: each with its decoder."""

from __future__ import annotations

from pathlib import Path

from edgec_cases import Capture, run, run_json
import numpy as np
from PIL import Image
import pytest

from edge_compiler.description import describe, Overrides
from edge_compiler.frontend import load
from edge_compiler.preview import preview
from edge_compiler.zoo import fetch, MODELS
from edge_perception.decode.detections import Detections

pytestmark = pytest.mark.slow
FACE = [181, 58, 269, 177]
"""Left, top, right and bottom of the face of skimage's astronaut."""


def picture(name: str) -> np.ndarray:
    return np.asarray(getattr(pytest.importorskip("skimage.data"), name)())


def seen(name: str, frame: np.ndarray) -> Detections:
    """Return what a model of the zoo sees in an rgb8 picture, before it is compiled."""
    path = fetch(MODELS[name], lambda *_: None)
    graph = load(path)
    return preview(path, graph, describe(graph, path, Overrides()), frame)


def overlap(box: np.ndarray, other: list[int]) -> float:
    """Return intersection over union."""
    low, high = np.maximum(box[:2], other[:2]), np.minimum(box[2:], other[2:])
    common = np.prod(np.maximum(high - low, 0))
    areas = np.prod(box[2:] - box[:2]) + np.prod(np.subtract(other[2:], other[:2]))
    return float(common / (areas - common))


@pytest.mark.parametrize("name", ["centerface"])
def test_a_face_and_no_face(name: str) -> None:
    found = seen(name, picture("astronaut"))
    assert found.labels == ("face",)
    assert found.boxes is not None
    assert found.landmarks is not None
    assert found.scores[0] > 0.8
    assert overlap(found.boxes[0], FACE) > 0.7
    inside = (found.landmarks[0] > FACE[:2]) & (found.landmarks[0] < FACE[2:])
    assert inside.all()
    for other in ("chelsea", "coffee"):
        assert len(seen(name, picture(other))) == 0


def test_a_compiled_detector_finds_the_face(tmp_path: Path, capsys: Capture) -> None:
    Image.fromarray(picture("astronaut")).save(tmp_path / "astronaut.png")
    model, bundle = fetch(MODELS["centerface"], lambda *_: None), tmp_path / "centerface.edge"
    assert run("compile", model, "-o", bundle) == 0
    capsys.readouterr()
    [result] = run_json(capsys, "run", bundle, tmp_path / "astronaut.png")
    [face] = result["detections"]
    assert face["label"] == "face"
    assert overlap(np.array(face["box"]), FACE) > 0.7
