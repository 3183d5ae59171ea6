"""
The target tensorrt without a device: its network in ONNX Runtime, its loader with an imitation.

The imitation (``fake_tensorrt/``) is compiled here. It shows what our code does with what CUDA and
TensorRT may answer, and nothing of these themselves.
"""

from __future__ import annotations

from collections.abc import Callable
import json
import os
from pathlib import Path
import re
import shutil
import subprocess
import sys

from edgec_cases import Capture, run
import numpy as np
import onnx
from operator_models import OPERATOR_MODELS
import pytest
from small_models import load_model, make_model, node, random_feeds
from small_models import run as run_onnx

from edge_compiler import targets
from edge_compiler.description.describe import Description
from edge_compiler.signing.secret import make_key
from edge_compiler.signing.sign import sign_bundle
from edge_compiler.targets.tensorrt.network import network, OLDEST_OPSET, precision_of, prepare
from edge_compiler.targets.tensorrt.support import refusals
from edge_perception.runtime import read_contents
from edge_perception.runtime.selftest import relative_error

IMITATION = Path(__file__).parent / "fake_tensorrt"
LIBRARIES = {
    "libcudart.so.13": "cudart.cpp",
    "libnvinfer.so.10": "nvinfer.cpp",
    "libnvonnxparser.so.10": "nvinfer.cpp",
}
ELEMENTS = 16

LOADER_FAULTS = {
    "no device": r"no CUDA device \(no CUDA-capable device is detected\); check the driver",
    "other version": r"no engine for TensorRT 10\.9\.0 on sm_87 \(there is one for "
    r"sm_87-10\.8\.0\); run edgec finish .*toy\.edge$",
    "old engine": r"TensorRT refused the engine: the engine plan file is not compatible with this "
    r"version of TensorRT; run edgec finish --again$",
    "fewer tensors": r"of another model: it has not as many tensors; run edgec finish --again$",
    "other shape": r"it has not the tensor 'x' of that shape and type; run edgec finish --again$",
    "other type": r"it has not the tensor 'x' of that shape and type; run edgec finish --again$",
    "no context": r"no memory to run the engine: out of device memory; end other programs",
    "no memory": r"the device is out of memory while it reserved memory for a tensor; end other",
    "run": r"TensorRT did not run the network: illegal memory access",
    "wrong result": r"fails its self-test: output 'y' is off by",
}


def _toy() -> onnx.ModelProto:
    nodes = [node("Relu", "x", "y"), node("Neg", "x", "z")]
    return make_model(nodes, {"x": [1, ELEMENTS]}, outputs=["y", "z"])


def _environment(folder: Path, fault: str = "", **others: str) -> dict[str, str]:
    return {
        **os.environ,
        "EDGE_CACHE": str(folder / "cache"),
        "FAKE_ELEMENTS": str(ELEMENTS),
        "FAKE_FAULT": fault,
        "LD_LIBRARY_PATH": str(folder / "libraries"),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        **others,
    }


def _finish(bundle: Path, *options: object, fault: str = "", **others: str) -> tuple[int, str]:
    """Return the exit code, and the last line of output or complaint."""
    command = [sys.executable, "-m", "edge_perception.runtime", "finish", str(bundle)]
    command += ["--include", str(IMITATION), *map(str, options)]
    environment = _environment(bundle.parent, fault, **others)
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    said = done.stderr if done.returncode else done.stdout
    return done.returncode, said if not done.returncode else said.splitlines()[-1]


@pytest.fixture(scope="session")
def finished(made_once: Callable[..., Path]) -> Path:
    """Return a folder with toy.edge, the imitation, and a cache where the one is finished."""
    return made_once("tensorrt", _make_finished)


def _make_finished(folder: Path) -> None:
    libraries = folder / "libraries"
    libraries.mkdir(parents=True)
    for name, source in LIBRARIES.items():
        flags = ("-std=c++17", "-fPIC", "-shared", f"-I{IMITATION}")
        subprocess.run(["g++", *flags, IMITATION / source, "-o", libraries / name], check=True)
    onnx.save(_toy(), folder / "toy.onnx")
    bundle = folder / "toy.edge"
    assert run("compile", folder / "toy.onnx", "-o", bundle, "--target", "tensorrt") == 0
    code, said = _finish(bundle, "--json")
    assert code == 0, said
    (folder / "finished.json").write_text(said)


def test_the_engine_is_proven_and_that_is_recorded(finished: Path) -> None:
    """Finish a bundle: what runs then is a bundle of its own, with the device in its manifest."""
    said = json.loads((finished / "finished.json").read_text())
    contents = read_contents(said["bundle"])
    manifest, speed = contents.manifest, contents.record.speed
    assert manifest.model.variants == ("tensorrt",)
    assert manifest.model.compiler.endswith(", TensorRT 10.8.0")
    assert [step.value for step in manifest.model.steps] == ["y", "z"]
    assert (manifest.proof.state, manifest.proof.worst_error, manifest.proof.inputs) == (
        "proven",
        0.0,
        4,
    )
    assert speed is not None
    assert speed.machine == "TensorRT 10.8.0 on sm_87"
    code, again = _finish(finished / "toy.edge")
    assert code == 0
    assert "it was finished already" in again


@pytest.mark.parametrize("program", ["edge_compiler", "edge_perception.runtime"])
def test_what_is_finished_is_verified_with_its_engine(finished: Path, program: str) -> None:
    command = [sys.executable, "-m", program, "verify", finished / "toy.edge"]

    def verify(fault: str, **others: str) -> subprocess.CompletedProcess[str]:
        environment = _environment(finished, fault, **others)
        return subprocess.run(command, env=environment, capture_output=True, text=True)

    done = verify("")
    assert done.returncode == 0, done.stderr
    assert "self-test: relative error 0.0e+00 (tensorrt)" in done.stdout
    done = verify("wrong result")
    assert done.returncode == 1
    assert "fails its self-test: output 'y' is off by" in done.stderr
    done = verify("", EDGE_CACHE=str(finished / "none"))
    assert done.returncode == 0, done.stderr
    assert "(tensorrt)" not in done.stdout


def test_what_is_finished_must_be_signed_like_the_bundle(finished: Path, tmp_path: Path) -> None:
    """The device has made it, so its owner has to sign it there."""
    key = make_key()
    for folder in ("cache", "toy.edge", "libraries"):
        shutil.copytree(finished / folder, tmp_path / folder)
    sign_bundle(tmp_path / "toy.edge", key)
    program = f"""
from edge_perception.runtime import load, Trust
from edge_perception.runtime.signature import PublicKey
with load({str(tmp_path / "toy.edge")!r}, trust=Trust(({key.public!r},))) as model:
    print(model.variant, model.caveat)
"""

    def loaded() -> str:
        command = [sys.executable, "-c", program]
        environment = _environment(tmp_path)
        return subprocess.run(command, env=environment, stdout=-1, text=True, check=True).stdout

    assert "it runs on the CPU, without tensorrt: " in loaded()
    [place] = (tmp_path / "cache").rglob("*.edge")
    sign_bundle(place, key)
    assert loaded() == "tensorrt \n"


def test_the_loader_says_in_a_sentence_what_is_wrong(finished: Path) -> None:
    """Load with every fault: the bundle's library runs, and the caveat says why and what to do."""
    faults = ("", "shared memory", *LOADER_FAULTS)
    command = [sys.executable, IMITATION / "load.py", finished / "toy.edge", *faults]
    done = subprocess.run(
        command, env=_environment(finished), capture_output=True, text=True, check=True
    )
    found: dict[str, tuple[str, str]] = json.loads(done.stdout)
    assert found.pop("") == ["tensorrt", ""]
    assert found.pop("shared memory") == ["tensorrt", ""]
    for fault, (variant, caveat) in found.items():
        assert variant in ("avx512", "avx2", "baseline"), fault
        assert caveat.startswith("it runs on the CPU, without tensorrt: "), fault
        assert re.search(LOADER_FAULTS[fault], caveat), caveat


@pytest.mark.parametrize(
    ("fault", "complaint"),
    [
        ("parser", "can't be built: TensorRT refused the node 'y': no importer for it"),
        ("no engine", "TensorRT built no engine: could not find any implementation for node x"),
        ("wrong result", "TensorRT's output 'y' is off by"),
    ],
)
def test_what_is_wrong_is_not_kept(
    finished: Path, tmp_path: Path, fault: str, complaint: str
) -> None:
    """Finish with a fault: nothing comes into the cache."""
    code, said = _finish(finished / "toy.edge", fault=fault, EDGE_CACHE=str(tmp_path))
    assert code == 1
    assert complaint in said
    assert list(tmp_path.rglob("*.edge")) == []


def test_what_is_not_installed_is_named(finished: Path, tmp_path: Path) -> None:
    """Finish without the library, and without its headers."""
    shutil.copy(finished / "libraries" / "libcudart.so.13", tmp_path)
    code, said = _finish(finished / "toy.edge", LD_LIBRARY_PATH=str(tmp_path))
    assert code == 1
    assert said.endswith("libnvinfer.so.10 can't be loaded; install TensorRT 10 to 11")
    code, said = _finish(finished / "toy.edge", "--include", tmp_path, EDGE_CACHE=str(tmp_path))
    assert code == 1
    assert said.endswith("or give the folder of TensorRT's headers with --include")


def test_headers_of_another_version_are_named(finished: Path, tmp_path: Path) -> None:
    """Finish against headers that are newer than the library."""
    headers = shutil.copytree(IMITATION, tmp_path / "include") / "NvInfer.h"
    headers.write_text(headers.read_text().replace("NV_TENSORRT_PATCH 0", "NV_TENSORRT_PATCH 1"))
    code, said = _finish(
        finished / "toy.edge", "--include", headers.parent, EDGE_CACHE=str(tmp_path / "cache")
    )
    assert code == 1
    assert "NvInfer.h is of TensorRT 10.8.1 and libnvinfer of 10.8.0; install both" in said


@pytest.mark.parametrize(
    "name", sorted({*OPERATOR_MODELS} - {"quantised", "signed_bytes"})
)  # see below
def test_the_network_means_what_the_model_means(name: str, tmp_path: Path) -> None:
    """Write all operators' models for TensorRT and run them in ONNX Runtime."""
    original = OPERATOR_MODELS[name]()
    graph = load_model(original, tmp_path)
    feeds = random_feeds(graph)
    prepare(graph)
    written = network(graph)
    assert written.opset_import[0].version >= OLDEST_OPSET
    onnx.checker.check_model(written)
    for ours, expected in zip(run_onnx(written, feeds), run_onnx(original, feeds), strict=True):
        assert relative_error(ours, expected) < 1e-5


def half_network(large: float = 1.0, weights: float = 1.0) -> onnx.ModelProto:
    """Return a network with weights of float16, so large in its second layer."""
    random = np.random.default_rng(5)
    first, second = (random.standard_normal((8, n, 3, 3)).astype(np.float16) for n in (3, 8))
    nodes = [
        node("Conv", "x first bias", "a", pads=[1] * 4),
        node("BatchNormalization", "a scale bias bias variance", "n"),
        node("Clip", "n zero -", "b"),
        node("Conv", "b second", "c", pads=[1] * 4),
        node("Mul", "c large", "d"),
        node("Resize", "d - sizes", "e", mode="linear"),
        node("Softmax", "e", "y", axis=1),
        node("Add", "b bias", "z"),
    ]
    constants = {
        "first": first.astype(np.float32),
        "second": second.astype(np.float32) * np.float32(weights),
        "bias": random.standard_normal((8, 1, 1)).astype(np.float32)[:, 0, 0],
        "scale": random.standard_normal(8).astype(np.float32),
        "variance": random.uniform(0.5, 2, 8).astype(np.float32),
        "zero": np.float32(0),
        "large": np.float32(large),
        "sizes": np.array([1, 1, 2, 2], np.float32),
    }
    nodes[-1].input[1] = "zero"
    return make_model(nodes, {"x": [1, 3, 8, 8]}, constants, outputs=["y", "z"])


@pytest.mark.parametrize(
    ("large", "weights", "kept", "layers"),
    [
        (1.0, 1.0, "", ()),
        (1e4, 1.0, "de", ()),
        (1.0, 2.0**12, "cde", ("c",)),
    ],
)
def test_layers_with_weights_of_float16_compute_in_it(
    large: float, weights: float, kept: str, layers: tuple[str, ...], tmp_path: Path
) -> None:
    """What becomes too large for it stays in float32, as do sums, inputs and outputs."""
    model = half_network(large, weights)
    graph = load_model(model, tmp_path)
    bundle = tmp_path / "half.edge"
    bundle.mkdir()
    target = targets.get("tensorrt")
    assert target.accelerator is not None
    said = target.accelerator.add_to(bundle, graph, Description("half", ""), target.platform)
    assert (said.precision, said.refused, said.float_layers) == ("float16", {}, layers)
    written = onnx.load(bundle / "tensorrt" / "network.onnx")
    onnx.checker.check_model(written, full_check=True)
    inferred = onnx.shape_inference.infer_shapes(written).graph
    types = {value.name: value.type.tensor_type.elem_type for value in inferred.value_info}
    halves = {name for name, type_ in types.items() if type_ == onnx.TensorProto.FLOAT16}
    assert halves & set("anbcde") == set("anbcde") - set(kept)
    assert all(v.type.tensor_type.elem_type == 1 for v in (*inferred.input, *inferred.output))
    feeds = random_feeds(graph)
    expected = run_onnx(model, feeds)
    pairs = zip(run_onnx(written, feeds), expected, strict=True)
    errors = [relative_error(ours, theirs) for ours, theirs in pairs]
    assert 0 < max(errors) < said.tolerance


def test_other_weights_stay_in_float32(tmp_path: Path) -> None:
    model = half_network()
    [weights] = (t for t in model.graph.initializer if t.name == "second")
    array = onnx.numpy_helper.to_array(weights) * np.float32(1 / 3)
    weights.CopyFrom(onnx.numpy_helper.from_array(array, "second"))
    graph = load_model(model, tmp_path)
    prepare(graph)
    assert precision_of(graph) == "float32"


def test_nodes_that_tensorrt_refuses_are_named(tmp_path: Path, capsys: Capture) -> None:
    """Compile a network with a cubic Resize: it has none for TensorRT, and explain says why."""
    sizes = np.array([1, 1, 8, 8])
    nodes = [node("Relu", "x", "y"), node("Resize", "y - - n", "z", mode="cubic")]
    onnx.save(make_model(nodes, {"x": [1, 1, 4, 4]}, {"n": sizes}), tmp_path / "cubic.onnx")
    bundle = tmp_path / "cubic.edge"
    assert run("compile", tmp_path / "cubic.onnx", "-o", bundle, "--target", "tensorrt") == 0
    reason = "TensorRT has no Resize of the mode 'cubic'"
    assert f"can't run the network (1 nodes; 'z': {reason})" in capsys.readouterr().err
    assert not (bundle / "tensorrt").exists()
    assert run("explain", bundle) == 0
    assert f"can't run the network, the library does: {reason} (at z)" in capsys.readouterr().out
    assert run("finish", bundle) == 1
    assert f"TensorRT can't run the node 'z': {reason}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("nodes", "constants", "reason"),
    [
        (
            [
                node("QuantizeLinear", "x s z", "q"),
                node("Transpose", "q", "t", perm=[0, 1, 3, 2]),
                node("DequantizeLinear", "t s z", "y"),
            ],
            {"s": np.float32(0.1), "z": np.uint8(3)},
            "TensorRT quantises to int8, not to uint8",
        ),
        (
            [node("MaxPool", "x", "y", kernel_shape=[2, 2], dilations=[2, 2])],
            {},
            "TensorRT's MaxPool has no dilations",
        ),
        ([node("Det", "x", "y")], {}, "TensorRT has no Det"),
        (
            [node("Cast", "x", "i", to=onnx.TensorProto.INT16), node("Cast", "i", "y", to=1)],
            {},
            "TensorRT computes no int16",
        ),
    ],
)
def test_what_tensorrt_refuses(
    nodes: list[onnx.NodeProto], constants: dict[str, np.ndarray], reason: str, tmp_path: Path
) -> None:
    """Ask for networks that TensorRT's documentation rules out."""
    graph = load_model(make_model(nodes, {"x": [1, 1, 4, 4]}, constants), tmp_path)
    prepare(graph)
    assert reason in refusals(graph).values()


@pytest.mark.parametrize("zero", [np.uint8(100), np.uint8(0), np.int8(-20), np.int8(0)])
def test_quantised_values_become_symmetric(zero: np.generic, tmp_path: Path) -> None:
    """Quantise the whole range of each kind of byte: no number is off by more than a step."""
    nodes = [node("QuantizeLinear", "x s z", "q"), node("DequantizeLinear", "q s z", "y")]
    scale, limits = np.float32(0.1), np.iinfo(zero.dtype)
    graph = load_model(make_model(nodes, {"x": [256]}, {"s": scale, "z": zero}), tmp_path)
    prepare(graph)
    assert refusals(graph) == {}
    x = (np.arange(limits.min, limits.max + 1, dtype=np.float32) - zero.astype(np.float32)) * scale
    [y] = run_onnx(network(graph), {"x": x})
    step = 256 / 127 * scale
    assert np.abs(y - x).max() <= step / 2 * 1.001
    [far] = run_onnx(network(graph), {"x": np.where(x < 0, -1e3, 1e3).astype(np.float32)})
    assert np.abs(far - np.where(x < 0, x.min(), x.max())).max() <= step / 2 * 1.001
