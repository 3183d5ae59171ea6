"""``edgec import``: what it guesses of a model, why, and what it writes."""

from __future__ import annotations

import json
from pathlib import Path
import re
from typing import Any

from edgec_cases import Capture, pipe_with, refusal, run, run_json
import numpy as np
import onnx
from onnx import helper, numpy_helper, TensorProto
from PIL import Image
import pytest
from small_models import node
from small_models import run as run_model

from edge_compiler.description.describe import describe, Overrides
from edge_compiler.frontend import load

SIDE = 64
CELLS = 84  # of 8, 16 and 32 pixels


def write(
    path: Path,
    outputs: dict[str, np.ndarray],
    metadata: dict[str, str] | None = None,
    first: str = "",
) -> Path:
    """Write a network from an image to outputs which are always the same."""
    nodes = []
    image = "image"
    constants: dict[str, np.ndarray] = {"zero": np.array(0), "half": np.array(0.5)}
    if first:
        nodes.append(helper.make_node(first, ["image", "half"], ["first"]))
        image = "first"
    nodes.append(helper.make_node("ReduceMean", [image], ["mean"], keepdims=0))
    nodes.append(helper.make_node("Mul", ["mean", "zero"], ["nothing"]))
    for name, array in outputs.items():
        constants[f"{name}/values"] = array
        nodes.append(helper.make_node("Add", [f"{name}/values", "nothing"], [name]))
    shapes = {"image": (1, 3, SIDE, SIDE)} | {name: a.shape for name, a in outputs.items()}
    info = {n: helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in shapes.items()}
    graph = helper.make_graph(
        nodes,
        "made",
        [info.pop("image")],
        list(info.values()),
        [numpy_helper.from_array(a.astype(np.float32), name) for name, a in constants.items()],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    helper.set_model_props(made, metadata or {})
    onnx.save(made, path)
    return path


def guessed(capsys: Capture, path: Path, *arguments: object) -> tuple[dict[str, Any], Any]:
    """Return what is known of a model then, and why of what was guessed."""
    said = run_json(capsys, "import", path, *arguments)
    assert isinstance(said, dict)
    return said["metadata"], said["guessed"]


def test_what_is_said_may_come_of_pipes(tmp_path: Path, capsys: Capture) -> None:
    path = write(tmp_path / "model.onnx", {"scores": zeros(1, 2)})
    given = {
        "--labels": pipe_with("cat\ndog\n"),
        "--preprocess": pipe_with('{"scale": 0.5}'),
        "--decoder": pipe_with('{"kind": "classification", "parameters": {"top": 1}}'),
    }
    metadata, why = guessed(capsys, path, *(part for pair in given.items() for part in pair))
    assert metadata["edge.labels"] == ["cat", "dog"]
    assert metadata["edge.preprocess"]["scale"] == [0.5, 0.5, 0.5]
    assert metadata["edge.decoder"]["parameters"] == {"top": 1}
    assert not why


def zeros(*shape: int) -> np.ndarray:
    return np.zeros(shape)


def test_a_model_of_ultralytics(tmp_path: Path, capsys: Capture) -> None:
    table = zeros(1, 6, CELLS)
    table[0, :, 7] = [32, 24, 16, 8, 0.1, 0.9]
    said = {"names": "{0: 'cat', 1: 'dog'}", "stride": "32", "task": "detect"}
    path = write(tmp_path / "yolo.onnx", {"output0": table}, said)
    Image.new("RGB", (128, 64)).save(tmp_path / "grey.png")
    arguments = ("--image", tmp_path / "grey.png", "--draw", tmp_path / "seen.png")
    assert run("import", path, *arguments, "-o", tmp_path / "copy.onnx") == 0
    captured = capsys.readouterr()
    # the input shows the picture in its rows 16 to 48
    assert "0.900  dog (1)  at [48, 8, 80, 24]" in captured.out
    assert "2: cat, dog  (Ultralytics' metadata names them)" in captured.out
    assert f"written: {tmp_path / 'copy.onnx'}" in captured.err
    assert (np.asarray(Image.open(tmp_path / "seen.png")) != 0).any()

    copy = tmp_path / "copy.onnx"
    described = describe(load(copy), copy, Overrides())
    assert described.labels == ("cat", "dog")
    assert (described.decoder.kind, described.decoder.because) == ("yolo", "")
    assert described.preprocess is not None
    assert (described.preprocess.color, described.preprocess.resize) == ("rgb", "letterbox")
    assert described.preprocess.scale == (1 / 255,) * 3
    assert onnx.load(copy).graph == onnx.load(path).graph


def test_poses_of_ultralytics(tmp_path: Path, capsys: Capture) -> None:
    said = {"names": "{0: 'person'}", "task": "pose", "kpt_shape": "[17, 3]"}
    path = write(tmp_path / "pose.onnx", {"output0": zeros(1, 56, CELLS)}, said)
    metadata, because = guessed(capsys, path)
    parameters = {"output": "output0", "points": 17, "point_values": 3}
    assert metadata["edge.decoder"] == {"kind": "yolo", "parameters": parameters}
    assert because["edge.decoder"] == "Ultralytics' metadata says that it is for poses"


@pytest.mark.parametrize(
    "names",
    [
        "{0: 'cat'",
        "__import__('os')",
        "{1: 'a'}",
        "[1]",
        "(" * 10_000,
        "'" + "a" * (1 << 21) + "'",
    ],
)
def test_metadata_that_only_looks_like_that_of_ultralytics(
    tmp_path: Path, capsys: Capture, names: str
) -> None:
    said = {"names": names, "task": "detect", "kpt_shape": "[[[["}
    path = write(tmp_path / "odd.onnx", {"out": zeros(1, 6, CELLS)}, said)
    metadata, because = guessed(capsys, path)
    assert metadata["edge.labels"] == []
    assert "edge.labels" not in because


@pytest.mark.parametrize(
    ("outputs", "kind", "label", "color", "resize"),
    [
        (
            {"a": zeros(1, 224, 16), "b": zeros(1, 224, 1)},
            "blazeface",
            "face",
            "rgb",
            "letterbox",
        ),
        ({"out": zeros(1, 1000)}, "classification", "", "rgb", "stretch"),
        (
            {f"o{n}": zeros(1, 144, n, n) for n in (8, 4, 2)},
            "gfl",
            "person",
            "rgb",
            "letterbox",
        ),
        ({"out": zeros(1, 20, 6)}, "boxes", "", "rgb", "letterbox"),
    ],
)
def test_models_that_say_nothing(
    tmp_path: Path,
    capsys: Capture,
    outputs: dict[str, np.ndarray],
    kind: str,
    label: str,
    color: str,
    resize: str,
) -> None:
    metadata, because = guessed(capsys, write(tmp_path / "m.onnx", outputs))
    assert metadata["edge.decoder"]["kind"] == kind
    assert (metadata["edge.labels"] or [""])[0] == label
    assert metadata["edge.preprocess"]["color"] == color
    assert metadata["edge.preprocess"]["resize"] == resize
    assert {"edge.decoder", "edge.preprocess"} <= because.keys()


def test_outputs_that_nobody_knows(tmp_path: Path, capsys: Capture) -> None:
    path = write(tmp_path / "m.onnx", {"out": zeros(1, 84, CELLS)})  # as many on both sides
    metadata, because = guessed(capsys, path, "-o", tmp_path / "copy.onnx")
    assert "edge.decoder" not in metadata.keys() | because.keys()
    capsys.readouterr()
    assert run("import", tmp_path / "copy.onnx") == 0
    captured = capsys.readouterr()
    assert "no decoder is known for outputs such as out [1, 84, 84]" in captured.out
    assert "say it with --decoder" in captured.err


def test_eighty_classes_are_those_of_coco(tmp_path: Path, capsys: Capture) -> None:
    heads = {f"o{i}": zeros(1, 255, n, n) for i, n in enumerate((8, 4, 2))}
    metadata, because = guessed(capsys, write(tmp_path / "m.onnx", heads))
    assert metadata["edge.decoder"]["kind"] == "yolo_heads"
    assert metadata["edge.labels"][:2] == ["person", "bicycle"]
    assert because["edge.labels"] == "80 classes are those of COCO"


def test_a_network_that_normalises_pixels_itself(tmp_path: Path, capsys: Capture) -> None:
    path = write(tmp_path / "m.onnx", {"out": zeros(1, 1000)}, first="Sub")
    metadata, because = guessed(capsys, path)
    assert metadata["edge.preprocess"]["scale"] == [1, 1, 1]
    assert "begins with a Sub" in because["edge.preprocess"]


def test_what_file_and_user_say_is_not_guessed(tmp_path: Path, capsys: Capture) -> None:
    said = {"edge.preprocess": '{"color": "bgr"}', "edge.labels": '["a", "b", "c"]'}
    path = write(tmp_path / "m.onnx", {"out": zeros(1, 3)}, said)
    metadata, because = guessed(capsys, path, "--decoder", "embedding")
    assert metadata["edge.preprocess"]["color"] == "bgr"
    assert metadata["edge.labels"] == ["a", "b", "c"]
    assert metadata["edge.decoder"]["kind"] == "embedding"
    assert because == {}


def test_a_file_may_leave_open_how_frames_are_fitted(tmp_path: Path, capsys: Capture) -> None:
    """As TensorFlow Lite's metadata does; what is not null is said."""
    faces = {"a": zeros(1, 224, 16), "b": zeros(1, 224, 1)}
    for resize, fitted in (("null", "letterbox"), ('"stretch"', "stretch")):
        said = {"edge.preprocess": f'{{"color": "bgr", "resize": {resize}}}'}
        metadata, because = guessed(capsys, write(tmp_path / "m.onnx", faces, said))
        assert metadata["edge.preprocess"]["color"] == "bgr"
        assert metadata["edge.preprocess"]["resize"] == fitted
        assert ("edge.preprocess" in because) == (resize == "null")


def test_a_file_that_has_metadata_says_each_thing_once(
    tiny_onnx: Path, tmp_path: Path, capsys: Capture
) -> None:
    copy, labels = tmp_path / "copy.onnx", tmp_path / "labels.txt"
    labels.write_text("cat\ndog\nfox\n")
    assert run("import", tiny_onnx, "--labels", labels, "-o", copy) == 0
    onnx.checker.check_model(copy)
    said = {entry.key: entry.value for entry in onnx.load(copy).metadata_props}
    assert json.loads(said["edge.labels"]) == ["cat", "dog", "fox"]


def test_weights_beside_the_file_stay_beside_its_copy(tmp_path: Path, capsys: Capture) -> None:
    path = write(tmp_path / "m.onnx", {"out": zeros(1, 1000)})
    onnx.save(onnx.load(path), path, save_as_external_data=True, location="w", size_threshold=0)
    (tmp_path / "other").mkdir()
    sentence = refusal(capsys, "import", path, "-o", tmp_path / "other" / "m.onnx")
    assert "has weights in w beside it" in sentence
    assert run("import", path, "-o", tmp_path / "copy.onnx") == 0
    assert json.loads(
        {e.key: e.value for e in onnx.load(tmp_path / "copy.onnx").metadata_props}["edge.decoder"]
    )


def test_wrong_use(tmp_path: Path, capsys: Capture) -> None:
    path = write(tmp_path / "m.onnx", {"out": zeros(1, 1000)})
    with pytest.raises(SystemExit):
        run("import", path, "--draw", "a.png")
    assert "--draw needs --image" in capsys.readouterr().err
    assert "No such file" in refusal(capsys, "import", path, "--image", tmp_path / "none.png")


def test_an_input_becomes_a_constant(tmp_path: Path, capsys: Capture) -> None:
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 2])
    rate = helper.make_tensor_value_info("rate", TensorProto.INT64, [])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 2])
    nodes = [
        helper.make_node("Cast", ["rate"], ["number"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["x", "number"], ["y"]),
    ]
    model, copy = tmp_path / "model.onnx", tmp_path / "copy.onnx"
    graph = helper.make_graph(nodes, "made", [x, rate], [y])
    opset = helper.make_opsetid("", 17)
    onnx.save(helper.make_model(graph, opset_imports=[opset], ir_version=8), model)
    fixed = ("--constant", "rate=16000", "-o", copy)
    assert run("import", model, *fixed, "--shape-of", "N=1") == 0
    loaded = load(copy, dimensions={"N": 1})
    assert [value.name for value in loaded.inputs] == ["x"]
    data = np.array([[1, 2]], np.float32)
    np.testing.assert_array_equal(run_model(copy, {"x": data})[0], data * 16000)
    capsys.readouterr()
    for wrong, reason in (
        ("rate=0.5", "'rate' is int64, which doesn't hold 0.5"),
        ("rate=1,2", "can't be made of 2 number"),
        ("speed=1", "reads no input 'speed'.*'x', 'rate'"),
    ):
        said = refusal(capsys, "import", model, "--constant", wrong, "-o", copy)
        assert re.search(reason, said), said
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy.onnx", "model.onnx"]


@pytest.mark.parametrize(
    ("producer", "is_centre", "parameters", "row"),
    [
        ("tf2onnx", 0, {"order": "yx"}, [0.25, 0.125, 0.5, 0.375]),
        ("pytorch", 0, {"unit": "pixel"}, [8, 16, 24, 32]),
        ("pytorch", 1, {"unit": "pixel", "form": "centre"}, [16, 24, 16, 16]),
    ],
)
def test_a_model_ends_before_it_selects_boxes(
    producer: str,
    is_centre: int,
    parameters: dict[str, str],
    row: list[float],
    tmp_path: Path,
    capsys: Capture,
) -> None:
    boxes, scores = zeros(1, CELLS, 4), zeros(1, 3, CELLS)
    boxes[:, :2], scores[0, 1, :2] = row, (0.9, 0.8)
    path = write(tmp_path / "whole.onnx", {"boxes": boxes, "scores": scores})
    whole = onnx.load(path)
    whole.producer_name = producer
    limits = {"most": np.array([9]), "iou": np.array(0.6, np.float32), "least": np.float32([0.3])}
    whole.graph.initializer.extend(numpy_helper.from_array(a, n) for n, a in limits.items())
    suppression = helper.make_node(
        "NonMaxSuppression", ["boxes", "scores", *limits], ["found"], center_point_box=is_centre
    )
    whole.graph.node.append(suppression)
    del whole.graph.output[:]
    whole.graph.output.append(helper.make_tensor_value_info("found", TensorProto.INT64, [None, 3]))
    onnx.save(whole, path)
    image = np.zeros((1, 3, SIDE, SIDE), np.float32)
    assert run_model(path, {"image": image})[0].tolist() == [[0, 1, 0]]
    copy = tmp_path / "shorter.onnx"
    assert "--outputs boxes,scores" in refusal(capsys, "import", path, "-o", copy)
    assert "'scores' meant" in refusal(
        capsys, "import", path, "--outputs", "boxes,score", "-o", copy
    )
    Image.new("RGB", (SIDE, SIDE)).save(tmp_path / "grey.png")
    arguments = ("--outputs", "boxes,scores", "-o", copy, "--image", tmp_path / "grey.png")
    said = run_json(capsys, "import", path, *arguments)
    assert said["metadata"]["edge.decoder"]["parameters"] == {
        "boxes": "boxes",
        "scores": "scores",
        "background": "none",
        "iou": 0.6,
        "min_score": 0.3,
        **parameters,
    }
    assert "NonMaxSuppression reads" in said["guessed"]["edge.decoder"]
    (seen,) = said["detections"]
    assert (seen["class"], seen["box"]) == (1, [8, 16, 24, 32])
    assert [value.name for value in load(copy).outputs] == ["boxes", "scores"]
    names = ["grey.png", "shorter.onnx", "whole.onnx"]
    assert sorted(one.name for one in tmp_path.iterdir()) == names


def test_boxes_and_scores_from_which_a_suppression_chooses_by_class(
    tmp_path: Path, capsys: Capture
) -> None:
    """As torchvision's SSD: what is likely of each class, from tables of one image."""
    boxes, logits = zeros(1, CELLS, 4), zeros(1, CELLS, 3)
    boxes[0, :2], logits[0, :, 0], logits[0, 1] = (8, 16, 24, 32), 9, (0, 0, 9)
    path = write(tmp_path / "whole.onnx", {"both": boxes, "logits": logits})
    whole = onnx.load(path)
    constants = {
        "first": np.array(0),
        "class": np.array(2),
        "least": np.array(0.5, np.float32),
        "one": np.array([1]),
        "axes": np.array([0]),
        "twice": np.array([0, 1]),
        "most": np.array([9]),
        "iou": np.array(0.4, np.float32),
    }
    whole.graph.initializer.extend(numpy_helper.from_array(a, n) for n, a in constants.items())
    whole.graph.node.extend(
        [
            node("Softmax", "logits", "likely", axis=2),
            node("Gather", "both first", "boxes", axis=0),
            node("Gather", "likely first", "scores", axis=0),
            node("Gather", "scores class", "of_class", axis=1),
            node("Greater", "of_class least", "is_likely"),
            node("NonZero", "is_likely", "found_places"),
            node("Squeeze", "found_places axes", "places"),
            node("Gather", "boxes places", "kept", axis=0),
            node("Gather", "of_class places", "kept_scores", axis=0),
            node("Unsqueeze", "kept axes", "kept_boxes"),
            node("Unsqueeze", "kept_scores twice", "kept_rows"),
            node("NonMaxSuppression", "kept_boxes kept_rows most iou", "found"),
        ]
    )
    del whole.graph.output[:]
    whole.graph.output.append(helper.make_tensor_value_info("found", TensorProto.INT64, [None, 3]))
    onnx.save(whole, path)
    copy = tmp_path / "shorter.onnx"
    said = refusal(capsys, "import", path, "-o", copy)
    found = re.search(r"--outputs (\S+)", said)
    assert found, said
    Image.new("RGB", (SIDE, SIDE)).save(tmp_path / "grey.png")
    arguments = ("--outputs", found[1], "-o", copy, "--image", tmp_path / "grey.png")
    said_json = run_json(capsys, "import", path, *arguments)
    parameters = said_json["metadata"]["edge.decoder"]["parameters"]
    assert {key: parameters[key] for key in ("unit", "iou")} == {"unit": "pixel", "iou": 0.4}
    assert "background" not in parameters
    (seen,) = said_json["detections"]
    assert (seen["class"], seen["box"]) == (1, [8, 16, 24, 32])
