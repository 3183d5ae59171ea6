"""The Python and the C program of docs/regions.md: both find in a frame what is there."""

from __future__ import annotations

from pathlib import Path
import re
import shutil
import subprocess
import sys

from box_model import compile_c
import cv2
import numpy as np
import pytest

from edge_perception.runtime import load

DOCS = Path(__file__).parents[2] / "docs"
BOXES = [(0, 0, 320, 240), (320, 240, 640, 480)]


@pytest.fixture
def folder(tmp_path: Path, tiny_bundle: Path) -> Path:
    """Return a folder with the models of the examples, and a frame."""
    for name in ("detector.edge", "colours.edge"):
        shutil.copytree(tiny_bundle, tmp_path / name)
    quarters = np.array([[[250, 0, 0], [0, 0, 0]], [[0, 0, 0], [0, 0, 250]]], np.uint8)
    picture = quarters.repeat(240, axis=0).repeat(320, axis=1)
    planes = cv2.cvtColor(picture, cv2.COLOR_RGB2YUV_I420)
    colours = planes[480:].reshape(2, -1).T.reshape(240, 640)
    np.concatenate([planes[:480], colours]).tofile(tmp_path / "frame.nv12")
    return tmp_path


def right_answers(folder: Path) -> list[tuple[int, float]]:
    """Return the best class of each quarter and its score, by crops that OpenCV converts."""
    frame = np.fromfile(folder / "frame.nv12", np.uint8).reshape(720, 640)
    picture = cv2.cvtColor(frame, cv2.COLOR_YUV2RGB_NV12)
    found = []
    with load(folder / "colours.edge") as model:
        for left, top, right, bottom in BOXES:
            crop = np.ascontiguousarray(picture[top:bottom, left:right])
            scores = model.run_image(crop, "rgb8")["scores"][0]
            found.append((int(scores.argmax()), float(scores.max())))
    return found


def check(said: str, folder: Path) -> None:
    for line, (best, score) in zip(said.splitlines(), right_answers(folder), strict=True):
        assert int(line.split()[0]) == best
        assert float(line.split()[1]) == pytest.approx(
            score, abs=0.02
        )  # at the edges it sees more


def test_the_program_in_python(folder: Path) -> None:
    [program] = re.findall(r"```python\n(.*?)```", (DOCS / "regions.md").read_text(), re.DOTALL)
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, timeout=60
    )
    assert done.stderr == ""
    check(done.stdout, folder)


def test_the_program_in_c(folder: Path) -> None:
    sanitizers = ("-g", "-fsanitize=address,undefined")
    compile_c(
        "gcc", folder / "regions", "-std=gnu11", *sanitizers, str(DOCS / "regions.c"), "-ldl"
    )
    places = [str(number) for box in BOXES for number in box]
    command = [folder / "regions", "colours.edge/model.so", "frame.nv12", "640", "480", *places]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
    check(done.stdout, folder)


def test_the_maps_of_the_table(tiny_bundle: Path) -> None:
    """Mirrored is mirrored, and turned by a right angle is turned, as numpy does it."""
    picture = cv2.GaussianBlur(
        np.random.default_rng(1).integers(0, 256, (64, 64, 3), np.uint8), (0, 0), 2
    )
    size, side = 32.0, 40.0
    c, d, middle = side * 0.0 / size, side * 1.0 / size, 32.0
    with load(tiny_bundle) as model:

        def shown(frame: np.ndarray, *maps: float) -> np.ndarray:
            return model.preprocess(frame, "rgb8", np.reshape(maps, (2, 3)))

        upright = shown(picture, side / size, 0, 12, 0, side / size, 12)
        mirrored = shown(picture, -side / size, 0, 52, 0, side / size, 12)
        turned = shown(
            picture, c, -d, middle - (c - d) * size / 2, d, c, middle - (d + c) * size / 2
        )
    np.testing.assert_allclose(mirrored, upright[:, :, :, ::-1], atol=1e-4)
    np.testing.assert_allclose(turned, np.rot90(upright, 1, axes=(2, 3)), atol=1e-4)
