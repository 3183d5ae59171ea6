"""The C program of the documentation works on real bundles, as the Python loader does."""

from pathlib import Path
import subprocess

from box_model import compile_c
import numpy as np
import pytest

from edge_perception.runtime import load

EXAMPLE = Path(__file__).parents[2] / "docs/example.c"


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    program = tmp_path_factory.mktemp("example") / "example"
    sanitizers = ("-g", "-fsanitize=address,undefined")
    compile_c("gcc", program, "-std=gnu11", *sanitizers, str(EXAMPLE), "-ldl")
    return program


def classify(example: Path, library: Path, picture: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([example, library, picture], capture_output=True, text=True, timeout=60)


def write_ppm(path: Path, picture: np.ndarray) -> Path:
    height, width, _ = picture.shape
    path.write_bytes(b"P6\n%d %d\n255\n" % (width, height) + picture.tobytes())
    return path


def test_it_says_what_python_says(example: Path, tiny_bundle: Path, tmp_path: Path) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
    with load(tiny_bundle) as model:
        scores = model.run_image(picture, "rgb8")["scores"][0]
        best = int(scores.argmax())
        label = model.manifest.model.labels[best]
    done = classify(example, tiny_bundle / "model.so", write_ppm(tmp_path / "x.ppm", picture))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{best} {scores[best]:.6f} {label}\n"


@pytest.mark.slow
def test_a_cat_is_a_cat(example: Path, squeezenet_bundle: Path, tmp_path: Path) -> None:
    data = pytest.importorskip("skimage.data")
    picture = write_ppm(tmp_path / "cat.ppm", data.chelsea())
    done = classify(example, squeezenet_bundle / "model.so", picture)
    assert int(done.stdout.split()[0]) in (281, 282, 285), done.stderr
    assert done.stdout.endswith("cat\n")


@pytest.mark.parametrize(
    ("library", "picture", "message"),
    [
        ("missing.so", "x.ppm", "cannot open shared object file"),
        ("model.so", "missing.ppm", "is no P6 picture"),
        ("model.so", "short.ppm", "ends too early"),
        ("model.so", "empty.ppm", "frame is 0 x 0 pixels"),
    ],
)
def test_what_it_cannot_use_it_says(
    example: Path, tiny_bundle: Path, tmp_path: Path, library: str, picture: str, message: str
) -> None:
    write_ppm(tmp_path / "x.ppm", np.zeros((4, 4, 3), np.uint8))
    write_ppm(tmp_path / "empty.ppm", np.zeros((0, 0, 3), np.uint8))
    (tmp_path / "short.ppm").write_bytes(b"P6 4 4 255\nxxx")
    done = classify(example, tiny_bundle / library, tmp_path / picture)
    assert done.returncode == 1
    assert message in done.stderr
    assert done.stdout == ""
