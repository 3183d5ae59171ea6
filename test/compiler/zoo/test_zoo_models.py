"""What the models of the zoo answer on photographs: each with its decoder."""

from __future__ import annotations

from collections.abc import Callable
import io
import itertools
from pathlib import Path
import wave

from edgec_cases import Capture, run, run_json
import numpy as np
import onnx
import onnxruntime
from PIL import Image
import pytest
from small_models import run as run_model

from edge_compiler.description.describe import describe, Overrides
from edge_compiler.frontend import load
from edge_compiler.running.preview import preview
from edge_compiler.zoo import fetch, fetch_media, MEDIA, MODELS
from edge_compiler.zoo.index import download
from edge_compiler.zoo.recipe import Package, read_member
from edge_perception.decode.detections import Detections

pytestmark = pytest.mark.slow
FACE = [181, 58, 269, 177]
"""Left, top, right and bottom of the face of skimage's astronaut."""


def picture(name: str) -> np.ndarray:
    taken = getattr(pytest.importorskip("skimage.data"), name)()
    return np.asarray(taken[0] if isinstance(taken, tuple) else taken)


Look = Callable[[str, np.ndarray], Detections]


@pytest.fixture
def package(made_once: Callable[..., Path]) -> Callable[[Package], Path]:
    """Return what gets a package's file, once for all that is made of it."""

    def get(wanted: Package) -> Path:
        def make(folder: Path) -> None:
            folder.mkdir()
            download(wanted, folder, lambda _: None)

        return made_once(f"{wanted.filename}.package", make) / wanted.filename

    return get


@pytest.fixture
def look(package: Callable[[Package], Path], tmp_path: Path) -> Look:
    """Return what tells what a model sees in an rgb8 picture, before it is compiled."""

    def see(name: str, frame: np.ndarray) -> Detections:
        recipe, path = MODELS[name], tmp_path / f"{name}.onnx"
        if not path.exists():
            model = recipe.convert({one.project: package(one) for one in recipe.packages})
            onnx.save(model, path)
        graph = load(path)
        return preview(path, graph, describe(graph, path, Overrides()), frame)

    return see


def overlap(box: np.ndarray, other: list[int]) -> float:
    """Return intersection over union."""
    low, high = np.maximum(box[:2], other[:2]), np.minimum(box[2:], other[2:])
    common = np.prod(np.maximum(high - low, 0))
    areas = np.prod(box[2:] - box[:2]) + np.prod(np.subtract(other[2:], other[:2]))
    return float(common / (areas - common))


def test_a_line_of_a_page_is_found_and_read(look: Look) -> None:
    page = np.stack([picture("page")] * 3, axis=-1)
    found = look("ppocr_det", page)
    assert found.boxes is not None
    title = next(box for box in found.boxes if overlap(box, [6, 13, 292, 33]) > 0.7)
    left, top, right, bottom = np.rint(title).astype(int)
    read = look("ppocr_rec", np.ascontiguousarray(page[top:bottom, left:right]))
    assert read.labels == ("Region-based segmentation",)


@pytest.mark.parametrize(("name", "least"), [("centerface", 0.7), ("blazeface", 0.6)])
def test_a_face_and_no_face(look: Look, name: str, least: float) -> None:
    found = look(name, picture("astronaut"))
    assert found.labels == ("face",)
    assert found.boxes is not None
    assert found.landmarks is not None
    assert found.scores[0] > 0.8
    assert overlap(found.boxes[0], FACE) > least
    low, high = np.array(FACE[:2]) - 5, np.array(FACE[2:]) + 5  # the ears are at the edge
    assert ((found.landmarks[0] > low) & (found.landmarks[0] < high)).all()
    for other in ("chelsea", "coffee"):
        assert len(look(name, picture(other))) == 0


@pytest.mark.parametrize(
    ("name", "label", "box"),
    [
        ("astronaut", "person", [20, 10, 390, 512]),
        ("chelsea", "cat", [0, 0, 440, 300]),
        ("stereo_motorcycle", "motorcycle", [90, 60, 690, 460]),
    ],
)
def test_things_of_coco(look: Look, name: str, label: str, box: list[int]) -> None:
    found = look("nanodet", picture(name))
    assert found.labels[0] == label
    assert found.boxes is not None
    assert overlap(found.boxes[0], box) > 0.7


@pytest.mark.parametrize(("name", "word"), [("chelsea", "cat"), ("coffee", "espresso")])
def test_classes_of_imagenet(look: Look, name: str, word: str) -> None:
    found = look("efficientnet-lite0", picture(name))
    assert word in found.labels[0]
    assert found.scores[0] > 0.4


PERSONS = Package(
    project="face-recognition",
    version="1.3.0",
    filename="face_recognition-1.3.0.tar.gz",
    size=3182249,
    sha256="5e5efdd1686aa566af0d3cc1313b131e4b197657a8ffd03669e6d3fad92705ec",
    license_member="face_recognition-1.3.0/LICENSE",
)


def test_pictures_of_a_person_are_alike(look: Look, package: Callable[[Package], Path]) -> None:
    def photo(name: str) -> np.ndarray:
        member = f"face_recognition-1.3.0/tests/test_images/{name}.jpg"
        return np.asarray(Image.open(io.BytesIO(read_member(package(PERSONS), member))))

    def describe_face(frame: np.ndarray) -> np.ndarray:
        boxes = look("centerface", frame).boxes
        assert boxes is not None
        middle, half = boxes[0].reshape(2, 2).mean(0), 0.6 * (boxes[0, 2:] - boxes[0, :2]).max()
        (left, top), (right, bottom) = np.maximum(0, [middle - half, middle + half]).astype(int)
        found = look("face-descriptor", np.ascontiguousarray(frame[top:bottom, left:right]))
        assert isinstance(found.embeddings, np.ndarray)
        return found.embeddings[0]

    one = [describe_face(photo(name)) for name in ("obama", "obama2", "obama3")]
    others = [describe_face(photo("biden")), describe_face(picture("astronaut"))]
    same = [np.linalg.norm(a - b) for a, b in itertools.combinations(one, 2)]
    different = [np.linalg.norm(a - b) for a in one for b in others]
    assert max(same) < 0.5 < 0.55 < min(different)


def test_the_points_of_a_face(look: Look) -> None:
    found = look("facemesh", picture("astronaut")[20:220, 125:325])
    assert found.landmarks is not None
    assert found.landmarks.shape == (1, 468, 2)
    assert found.boxes is not None
    assert overlap(found.boxes[0] + [125, 20, 125, 20], FACE) > 0.7
    assert len(look("facemesh", picture("coffee"))) == 0


def test_the_points_of_a_person(look: Look) -> None:
    found = look("blazepose", picture("astronaut"))
    assert found.labels == ("person",)
    assert found.landmarks is not None
    assert found.landmarks.shape == (1, 33, 2)
    nose = found.landmarks[0, 0]
    assert ((nose > FACE[:2]) & (nose < FACE[2:])).all()
    right, left = found.landmarks[0, 12], found.landmarks[0, 11]  # shoulders
    assert right[0] < nose[0] < left[0]
    assert len(look("blazepose", picture("coffee"))) == 0


def test_the_joints_of_persons(look: Look) -> None:
    found = look("posenet", picture("astronaut"))
    assert found.labels == ("person",)
    assert found.landmarks is not None
    assert found.landmark_scores is not None
    nose, ears = found.landmarks[0, 0], found.landmarks[0, 3:5]
    assert ((nose > FACE[:2]) & (nose < FACE[2:])).all()
    left, right = found.landmarks[0, 5], found.landmarks[0, 6]  # shoulders
    assert right[0] < ears[1, 0] < nose[0] < ears[0, 0] < left[0]
    assert found.landmark_scores[0, :6].min() > 0.9
    for other in ("chelsea", "coffee"):
        assert len(look("posenet", picture(other))) == 0


def test_the_pixels_of_a_person(look: Look) -> None:
    found = look("selfie", picture("astronaut"))
    assert found.labels == ("person",)
    assert found.boxes is not None
    assert found.masks is not None
    (left, top, right, bottom), (mask,) = found.boxes[0], found.masks
    rows, columns = mask.shape

    def is_person(x: int, y: int) -> bool:
        row = int((y - top) / (bottom - top) * rows)
        return bool(mask[row, int((x - left) / (right - left) * columns)])

    assert all(is_person(x, y) for x, y in ((225, 110), (200, 320), (100, 350)))
    assert not any(is_person(x, y) for x, y in ((60, 60), (420, 150), (330, 100)))


def test_a_compiled_detector_finds_the_face(tmp_path: Path, capsys: Capture) -> None:
    Image.fromarray(picture("astronaut")).save(tmp_path / "astronaut.png")
    model, bundle = fetch(MODELS["centerface"], lambda *_: None), tmp_path / "centerface.edge"
    assert run("compile", model, "-o", bundle) == 0
    capsys.readouterr()
    [result] = run_json(capsys, "run", bundle, tmp_path / "astronaut.png")
    [face] = result["detections"]
    assert face["label"] == "face"
    assert overlap(np.array(face["box"]), FACE) > 0.7


def test_a_policy_stands_and_steps(package: Callable[[Package], Path], tmp_path: Path) -> None:
    recipe = MODELS["go1_policy"]
    path = tmp_path / "policy.onnx"
    onnx.save(recipe.convert({one.project: package(one) for one in recipe.packages}), path)
    upright = np.zeros((1, 48), np.float32)
    upright[0, 8] = -1
    [standing] = run_model(path, {"observation": upright})
    assert np.abs(standing).max() / 2 < 0.27
    upright[0, 45] = 1
    [walking] = run_model(path, {"observation": upright})
    assert np.abs(walking - standing).max() > 0.3


def test_speech_and_silence(tmp_path: Path) -> None:
    with wave.open(str(fetch_media(MEDIA["speech"], lambda *_: None) / "test.wav")) as file:
        sound = np.frombuffer(file.readframes(file.getnframes()), np.int16) / np.float32(2**15)
    speaks = voices(sound)
    assert np.mean(speaks > 0.5) == pytest.approx(0.77, abs=0.01)
    assert voices(np.zeros(16000, np.float32)).max() < 0.05


def voices(sound: np.ndarray) -> np.ndarray:
    """Return what Silero says of each window of a sound."""
    session = onnxruntime.InferenceSession(fetch(MODELS["silero_vad"], lambda *_: None))
    state, said = np.zeros((2, 1, 128), np.float32), []
    padded = np.concatenate([np.zeros(64, np.float32), sound])
    for start in range(0, len(sound) - 511, 512):
        window = {"sound": padded[None, start : start + 576], "state": state}
        speech, state = session.run(["speech", "next_state"], window)
        said.append(speech.item())
    return np.array(said)


@pytest.mark.parametrize("said", ["okay_nabu", "alexa", "hey_mycroft"])
def test_keywords_are_told_apart(said: str) -> None:
    """
    What espeak-ng 1.51 says (``-v en-us -s 140``), a second of silence before it.

    ``keywords.npz`` has its features, as pymicro-features 2.0.2 computes them.
    """
    with np.load(Path(__file__).with_name("keywords.npz")) as file:
        features = file[said]
    for name in ("okay_nabu", "alexa", "hey_mycroft"):
        heard = np.max(spotted(name, features))
        assert heard > 210 if name == said else heard < 10, name


def spotted(name: str, features: np.ndarray) -> list[int]:
    """Return what a spotter says of three spectra after the other."""
    session = onnxruntime.InferenceSession(fetch(MODELS[name], lambda *_: None))
    _, *inputs = session.get_inputs()
    states = {one.name: np.full(one.shape, -128, np.int8) for one in inputs}
    names = [output.name for output in session.get_outputs()]
    heard = []
    for start in range(0, len(features) - 2, 3):
        window = {"features": features[None, start : start + 3], **states}
        said = dict(zip(names, session.run(names, window), strict=True))
        states = {state: said[f"next_{state}"] for state in states}
        heard.append(said["heard"].item())
    return heard
