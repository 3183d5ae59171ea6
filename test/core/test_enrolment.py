"""Enrolment: who gets into the owners' file, and what keeps one out of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
import json
from pathlib import Path
from typing import Any

from fake_model import FakeDetector, FakeModel
import numpy as np
from PIL import Image
import pytest

from edge_perception.commands import main
from edge_perception.core.environment import Environment
from edge_perception.core.perception.model import ModelRequest
from edge_perception.core.source import Frame, Skipped
from edge_perception.core.stamps import SECOND
from edge_perception.environment import this_machine
from edge_perception.robot import enrolment
from edge_perception.robot.enrolment import EnrolmentError

PIPELINE = """\
version: 1
stages:
  - {kind: detect, model: faces.edge}
  - {kind: embed, model: embedder.edge, deadline: 0.001}
  - {kind: identify, owners: us.json, distance: 0.05}
"""
ANNA, BERT, CLEO = (250, 10, 10), (10, 250, 10), (10, 10, 250)
Picture = Callable[..., Path]


class Faces(FakeDetector):
    """It sees a face in each half of a picture that isn't black."""

    def run_image(self, frame: Any, encoding: str) -> Any:
        halves = [(x, 0, x + 8, 8) for x in (0, 8) if frame[:, x : x + 8].any()]
        return FakeDetector(*halves).run_image(frame, encoding)


ENVIRONMENT = replace(
    this_machine(),
    load=lambda request: (
        Faces() if request.path.endswith("faces.edge") else FakeModel(sha256=sha256_of(request))
    ),
)


def sha256_of(request: ModelRequest) -> str:
    """Return that of a model which a file beside it may have made another one."""
    other = Path(request.path).with_suffix(".other")
    return other.read_text() if other.exists() else "abc"


@pytest.fixture
def picture(tmp_path: Path) -> Picture:
    """Return what paints one or two faces, and the path of the picture."""

    def paint(name: str, left: Any, right: Any = (0, 0, 0)) -> Path:
        pixels = np.repeat([[left, right]], 8, axis=0).repeat(8, axis=1).astype(np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{name}.png")
        return tmp_path / f"{name}.png"

    return paint


@pytest.fixture
def pipeline(tmp_path: Path) -> Path:
    (tmp_path / "pipeline.yaml").write_text(PIPELINE)
    return tmp_path / "pipeline.yaml"


def enrol(
    pipeline: Path, name: str, *pictures: object, environment: Environment = ENVIRONMENT
) -> dict[str, Any]:
    """Return the owners' file after somebody was enrolled."""
    register = enrolment.find(pipeline, environment)
    enrolment.enrol(register, name, [str(one) for one in pictures], environment)
    found: dict[str, Any] = json.loads(pipeline.with_name("us.json").read_text())
    return found


def test_embeddings_and_no_pictures_are_kept_where_only_their_owner_reads(
    pipeline: Path, picture: Picture
) -> None:
    content = enrol(pipeline, "anna", picture("1", ANNA), picture("2", (240, 20, 12)))
    assert content.keys() == {"version", "model", "owners"}
    assert content["model"] == "abc"
    [rows] = content["owners"].values()
    expected = np.array([ANNA, (240, 20, 12)], float)
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(rows, expected, atol=1e-6)
    assert pipeline.with_name("us.json").stat().st_mode & 0o777 == 0o600
    assert not list(pipeline.parent.glob(".us*"))


def test_others_stay_and_the_same_name_is_replaced(pipeline: Path, picture: Picture) -> None:
    enrol(pipeline, "anna", picture("1", ANNA))
    enrol(pipeline, "bert", picture("2", BERT), picture("3", BERT))
    content = enrol(pipeline, "anna", picture("4", CLEO))
    assert {name: len(rows) for name, rows in content["owners"].items()} == {"anna": 1, "bert": 2}
    assert content["owners"]["anna"][0][2] > 0.9


@pytest.mark.parametrize(
    ("name", "faces", "says"),
    [
        ("anna", [[(0, 0, 0)]], "must show one alone to be embedded, but shows none"),
        ("anna", [[ANNA, BERT]], "but shows 2 of those"),
        ("anna", [[ANNA], [CLEO]], "don't show the same one: their distance is 0."),
        ("anna", [[(20, 240, 10)]], "the pictures are like those of bert"),
        ("*", [[ANNA]], "the name '*' can't be used"),
        ("Unknown", [[ANNA]], "is what strangers are called"),
        ("", [[ANNA]], "the name '' can't be used"),
    ],
)
def test_who_is_refused(
    pipeline: Path, picture: Picture, name: str, faces: list[Any], says: str
) -> None:
    before = enrol(pipeline, "bert", picture("b", BERT))
    paths = [picture(str(number), *colours) for number, colours in enumerate(faces)]
    with pytest.raises(EnrolmentError) as caught:
        enrol(pipeline, name, *paths)
    assert says in str(caught.value)
    assert json.loads(pipeline.with_name("us.json").read_text()) == before


class Camera:
    """A camera that sees given faces, one of them in the left half at a time, and then nobody."""

    live, rate = True, 10.0

    def __init__(self, *faces: Any) -> None:
        self.faces, self.now = list(faces), 0
        self.closed = False

    def describe(self) -> str:
        return "a camera"

    def read(self, timeout: float) -> Any:
        self.now += 2 * SECOND // 5
        return self.faces.pop(0) if self.faces else frame((0, 0, 0))

    def close(self) -> None:
        self.closed = True


def frame(*halves: Any) -> Frame:
    pixels = np.zeros((8, 16, 3), np.uint8)
    for index, colour in enumerate(halves):
        pixels[:, 8 * index : 8 * index + 8] = colour
    return Frame(pixels, "rgb8")


def before_a_camera(camera: Camera) -> Environment:
    """Return an environment in which every picture of the camera takes 0.4 s."""
    return replace(
        ENVIRONMENT, open_camera=lambda spec, request: camera, monotonic=lambda: camera.now
    )


def test_a_camera_takes_five_pictures_that_show_one_alone(pipeline: Path) -> None:
    nobody, two = frame((0, 0, 0)), frame(ANNA, BERT)
    broken = Skipped("picture 3", "cut short")
    camera = Camera(nobody, two, broken, None, *[frame(ANNA)] * 9)
    found = enrol(pipeline, "anna", "/dev/video7", environment=before_a_camera(camera))
    assert len(found["owners"]["anna"]) == 5
    assert camera.closed


def test_a_camera_that_sees_somebody_else_meanwhile(pipeline: Path) -> None:
    camera = Camera(frame(ANNA), frame(BERT))
    with pytest.raises(EnrolmentError, match=r"0, picture 1 and 0, picture 2 don't show the same"):
        enrol(pipeline, "anna", "0", environment=before_a_camera(camera))


def test_a_camera_that_sees_nobody(pipeline: Path) -> None:
    camera = Camera()
    with pytest.raises(EnrolmentError, match=r"no picture of 0 is of use within 20 s; .*none"):
        enrol(pipeline, "anna", "0", environment=before_a_camera(camera))
    assert camera.closed


def test_stages_that_follow_things_are_no_hindrance(pipeline: Path, picture: Picture) -> None:
    tracked = PIPELINE.replace("  - {kind: embed", "  - {kind: track}\n  - {kind: embed")
    pipeline.write_text(tracked)
    assert enrol(pipeline, "anna", picture("1", ANNA))["owners"].keys() == {"anna"}


def test_a_file_that_is_no_picture(pipeline: Path, tmp_path: Path) -> None:
    (tmp_path / "x.png").write_text("no picture")
    with pytest.raises(EnrolmentError, match=r"x\.png: it can't be read as a picture"):
        enrol(pipeline, "anna", tmp_path / "x.png")


def test_another_model_makes_another_file(pipeline: Path, picture: Picture) -> None:
    enrol(pipeline, "anna", picture("1", ANNA))
    pipeline.with_name("embedder.other").write_text("def")
    with pytest.raises(EnrolmentError, match="of another model than fake: remove anna"):
        enrol(pipeline, "bert", picture("2", BERT))
    assert enrol(pipeline, "anna", picture("1", ANNA))["model"] == "def"


def test_who_is_removed_is_gone_and_the_file_with_the_last_one(
    pipeline: Path, picture: Picture, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, colour in (("anna", ANNA), ("bert", BERT)):
        enrol(pipeline, name, picture(name, colour))
    assert main(["owners", "list", "--model", str(pipeline)]) == 0
    assert capsys.readouterr().out == "anna: 1 picture\nbert: 1 picture\n"
    assert main(["owners", "remove", "cleo", "--model", str(pipeline)]) == 1
    assert "'cleo' is no owner; there are anna, bert" in capsys.readouterr().err
    for name in ("anna", "bert"):
        assert main(["owners", "remove", name, "--model", str(pipeline)]) == 0
    assert not pipeline.with_name("us.json").exists()
    capsys.readouterr()
    assert main(["owners", "list", "--model", str(pipeline)]) == 0
    assert capsys.readouterr().out.endswith("us.json: nobody is enrolled\n")
    assert main(["owners", "remove", "anna", "--model", str(pipeline)]) == 1
    assert "'anna' is no owner; there are none" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("version: 1\nstages: [{kind: detect, model: m}]", "has no stage of the kind 'identify'"),
        ("version: 7\nstages: []", "the pipeline can't be used: pipeline.yaml, line 1"),
        (PIPELINE.replace("owners: us.json, ", ""), "the stage identify names no owners' file"),
    ],
)
def test_pipelines_that_identify_nobody(pipeline: Path, text: str, says: str) -> None:
    pipeline.write_text(text)
    with pytest.raises(EnrolmentError) as caught:
        enrolment.find(pipeline, ENVIRONMENT)
    assert says in str(caught.value)


def test_a_bundle_in_place_of_a_pipeline(
    tiny_bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["owners", "list", "--model", str(tiny_bundle)]) == 1
    said = capsys.readouterr().err
    assert f"{tiny_bundle} is not the description of a pipeline: give the file (NAME.yaml)" in said
