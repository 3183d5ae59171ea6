"""Libraries that mix our kernels with Arm Compute Library: placed, run, and what is refused."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
import re
import shutil
import subprocess

from cross import edgec, refusal, tools_or_skip
from light_models import give_weights
import numpy as np
import onnx
from operator_models import OPERATOR_MODELS
import pytest
from small_models import make_model, node, run, small_inputs, weights

from edge_compiler import frontend, passes, targets
from edge_compiler.description.describe import Description
from edge_compiler.errors import CompileError
from edge_compiler.ir.graph import Graph
from edge_compiler.targets.acl import backend, build, probe
from edge_compiler.targets.acl.backend import AclBackend
from edge_compiler.targets.acl.record import node_table, Record
from edge_compiler.targets.base import BuildOptions, Target
from edge_compiler.targets.c.backend import CBackend
from edge_compiler.targets.program.backend import Job
from edge_compiler.targets.program.placement import place
from edge_compiler.toolchain.base import Toolchain
from edge_perception.runtime import read_manifest
from edge_perception.runtime.manifest import Model
from edge_perception.runtime.selftest import relative_error

TOLERANCE = 1e-4
BY_OUR_RULE = {"q_linear", "q_residual", "q_strided_sum"}
"""What often lies in the middle between two bytes; libraries round it alike on all machines."""
LIBRARY_BYTES = 4_500_000
"""What the library may add to a model's weights."""
IMAGE = (1, 3, 21, 26)


def acl_or_skip(target: str) -> Toolchain:
    """Return the toolchain of a target; skip the test if something of it is missing here."""
    tools = tools_or_skip(target)
    try:
        tools.find_library("acl")
    except CompileError as error:
        pytest.skip(str(error))
    return tools


@pytest.fixture(params=["aarch64-acl", "armv7-acl"])
def target(request: pytest.FixtureRequest) -> str:
    """Return the name of a target whose toolchain is there."""
    name: str = request.param
    acl_or_skip(name)
    return name


def mixed_network() -> onnx.ModelProto:
    """Return a network with a branch, a concat, a shortcut, a depthwise and a dense layer."""
    nodes = [
        node("Conv", "image w0 b0", "stem", name="stem", strides=[2, 2], pads=[1, 1, 1, 1]),
        node("Relu", "stem", "stem_relu", name="stem_relu"),
        node("Conv", "stem_relu w1 b1", "left", name="left"),
        node("Conv", "stem_relu w2 b2", "right", name="right", pads=[1, 1, 1, 1]),
        node("Concat", "left right", "joined", name="joined", axis=1),
        node("Conv", "joined w3", "depthwise", name="depthwise", group=40, pads=[1, 1, 1, 1]),
        node("Mul", "depthwise joined", "product", name="product"),
        node("MaxPool", "product", "pool", name="pool", kernel_shape=[3, 3], strides=[2, 2]),
        node("Conv", "pool w4 b4", "dense", name="dense", pads=[1, 1, 1, 1]),
        node("Add", "dense pool", "shortcut", name="shortcut"),
        node("Tanh", "shortcut", "tanh", name="tanh"),
        node("Conv", "tanh w5", "grouped", name="grouped", group=4),
        node("GlobalAveragePool", "grouped", "mean", name="mean"),
        node("Flatten", "mean", "flat", name="flat"),
        node("Gemm", "flat w6 b6", "scores", name="scores"),
        node("Softmax", "scores", "probabilities", name="probabilities"),
    ]
    shapes = {"w0": (24, 3, 3, 3), "w1": (16, 24, 1, 1), "w2": (24, 24, 3, 3), "w3": (40, 1, 3, 3)}
    shapes |= {"w4": (40, 40, 3, 3), "w5": (20, 10, 1, 1), "w6": (20, 7)}
    shapes |= {"b0": (24,), "b1": (16,), "b2": (24,), "b4": (40,), "b6": (7,)}
    constants = {
        name: weights(*shape) * np.float32(2 / np.sqrt(np.prod(shape[1:])))
        for name, shape in shapes.items()
    }
    return make_model(nodes, {"image": IMAGE}, constants)


def network_of_views() -> onnx.ModelProto:
    """Return a network in which every function reads and writes some channels of an image."""
    edges = {"pads": [1, 1, 1, 1]}
    window = {"kernel_shape": [3, 3], **edges}
    layers = {
        "pointwise": ("Conv", "head w0 b", {}),
        "winograd": ("Conv", "tail w1 b", edges),
        "depthwise": ("Conv", "tail w2", {"group": 24, **edges}),
        "dilated": ("Conv", "tail w1 b", {"dilations": [2, 2], "pads": [2, 2, 2, 2]}),
        "max_pool": ("MaxPool", "tail", window),
        "average_pool": ("AveragePool", "head", window),
        "add": ("Add", "tail other", {}),
        "mul": ("Mul", "other tail", {}),
        "sigmoid": ("Sigmoid", "tail", {}),
        "softmax": ("Softmax", "head", {"axis": 1}),
    }
    split = node("Split", "x sizes", "head tail other", name="split", axis=1)
    nodes = [node(op, i, name, name=name, **a) for name, (op, i, a) in layers.items()]
    joined = node("Concat", " ".join(layers), "joined", name="joined", axis=1)
    constants = {"w0": weights(20, 10, 1, 1), "w1": weights(20, 24, 3, 3) / 8, "b": weights(20)}
    constants |= {"w2": weights(24, 1, 3, 3), "sizes": np.array([10, 24, 24])}
    return make_model([split, *nodes, joined], {"x": (1, 58, 11, 13)}, constants)


def graph_of(proto: onnx.ModelProto, folder: Path) -> Graph:
    """Write a model and return its optimised graph."""
    onnx.save(proto, folder / "model.onnx")
    graph = frontend.load(folder / "model.onnx", {})
    passes.optimise(graph)
    return graph


def compiled(
    name: str, graph: Graph, folder: Path, wishes: Mapping[str, str]
) -> tuple[Target, Model]:
    """Compile a graph, unproven."""
    folder.mkdir(exist_ok=True)
    target, options = targets.get(name), BuildOptions(places=wishes)
    return target, target.build(graph, Description("test", ""), folder, lambda *_: None, options)


# of low scores ONNX Runtime isn't exact: the proof decides; the library has nothing for integers,
# and what the others share with it is in typed_moves
COMPARED = [name for name in OPERATOR_MODELS if name not in ("heads", "integers", "choices")]


@pytest.mark.parametrize("name", [*COMPARED, "network_of_views"])
def test_all_that_can_run_on_the_library_gives_the_same(
    name: str, target: str, tmp_path: Path
) -> None:
    """Compare every operator, by one thread and by several, with ONNX Runtime."""
    proto = OPERATOR_MODELS.get(name, network_of_views)()
    kind, model = compiled(target, graph_of(proto, tmp_path), tmp_path, {"all": "acl"})
    feeds = small_inputs(model.inputs)
    expected = dict(zip([t.name for t in model.outputs], run(proto, feeds), strict=True))
    with kind.sandbox(tmp_path / "model.so") as sandbox:
        for threads in (1, 3):
            outputs = sandbox.run(sandbox.best_variant(), threads, feeds)
            for tensor, values in outputs.items():
                if tensor in BY_OUR_RULE:
                    np.testing.assert_allclose(values, expected[tensor], rtol=0, atol=1)
                else:
                    assert relative_error(values, expected[tensor]) <= TOLERANCE, tensor


def test_low_scores_of_the_library_are_proven(target: str, tmp_path: Path) -> None:
    onnx.save(OPERATOR_MODELS["heads"](), tmp_path / "heads.onnx")
    bundle = tmp_path / "heads.edge"
    places = ("--place", "all=acl")
    edgec("compile", tmp_path / "heads.onnx", "-o", bundle, "--target", target, *places)
    assert {step.backend for step in read_manifest(bundle).model.steps} >= {"acl"}


@pytest.mark.slow
def test_every_node_can_be_left_out_of_the_library(tmp_path: Path) -> None:
    """Place each node in turn on our kernels, and all others on the library."""
    acl_or_skip("aarch64-acl")
    proto = mixed_network()
    image = np.random.default_rng(1).standard_normal(IMAGE, np.float32)
    (expected,) = run(proto, {"image": image})
    names = [n.name for n in graph_of(proto, tmp_path).nodes]
    assert len(names) >= 12
    for name in names:
        wishes = {"all": "acl", name: "c"}
        kind, model = compiled("aarch64-acl", graph_of(proto, tmp_path), tmp_path / name, wishes)
        backends = {step.name: step.backend for step in model.steps}
        assert backends.get(name, "c") == "c"
        assert list(backends.values()).count("acl") >= 8
        with kind.sandbox(tmp_path / name / "model.so") as sandbox:
            (output,) = sandbox.run("neon", 2, {"image": image}).values()
        assert np.abs(output - expected).max() <= TOLERANCE, name


def test_bundle_names_back_ends_and_reasons(target: str, tmp_path: Path) -> None:
    """Compile and prove with the command; look at the manifest and at the library's needs."""
    onnx.save(mixed_network(), tmp_path / "mixed.onnx")
    bundle = tmp_path / "mixed.edge"
    places = ("--place", "all=acl", "--place", "pool=c")
    edgec("compile", tmp_path / "mixed.onnx", "-o", bundle, "--target", target, *places)
    model = read_manifest(bundle).model
    assert model.compiler.endswith("Arm Compute Library 24.11")
    steps = {step.name: step for step in model.steps}
    assert steps["stem"].backend == steps["scores"].backend == "acl"
    assert steps["pool"].backend == "c"
    assert steps["pool"].reason == "wanted by --place"
    assert "ACL has no convolution that adds a residual" in steps["dense"].reason
    assert "ACL refuses: Grouping (num_groups != 1)" in steps["grouped"].reason
    assert "acl: GEMM" in edgec("explain", bundle)
    assert_needs_nothing_else(bundle / "model.so", model)


def assert_needs_nothing_else(library: Path, model: Model) -> None:
    """Check what a library needs, exports, and how large it is."""
    tool = f"{model.target}-readelf"

    def said(*options: str) -> str:
        command = [tool, *options, str(library)]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    dynamic = said("-dW")
    needed = re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic)
    assert needed
    assert all(n.startswith(("libc.", "libm.", "libpthread.", "ld-linux")) for n in needed), needed
    assert "TEXTREL" not in dynamic
    rows = (line.split() for line in said("--dyn-syms", "-W").splitlines())
    exported = [row[7] for row in rows if len(row) > 7 and row[4] == "GLOBAL" and row[6] != "UND"]
    assert exported
    assert all(name.startswith("edge_") for name in exported), exported
    assert library.stat().st_size <= model.weight_bytes + LIBRARY_BYTES


def test_placement_that_is_impossible_is_refused(tmp_path: Path) -> None:
    """Ask for nodes that are not there, or that the library can't run, and on another target."""
    acl_or_skip("aarch64-acl")
    model = tmp_path / "mixed.onnx"
    onnx.save(mixed_network(), model)
    command = ("compile", model, "-o", tmp_path / "mixed.edge", "--target", "aarch64-acl")
    said = refusal(*command, "--place", "stemm=acl")
    assert said.endswith("--place stemm=acl: there is no node 'stemm'; did you mean 'stem'?")
    said = refusal(*command, "--place", "grouped=acl")
    assert "'grouped' can't run there: ACL refuses: Grouping" in said
    said = refusal("compile", model, "-o", tmp_path / "m.edge", "--place", "stem=acl")
    assert said.endswith("the target 'host' has one back end only; leave out --place")
    assert not list(tmp_path.glob("*.edge"))


def test_placement_weighs_kernels_and_changes_of_layout(tmp_path: Path) -> None:
    """Place with costs that are known: what is cheaper wins, if no change of layout eats it up."""
    acl_or_skip("aarch64-acl")
    platform = targets.get("aarch64-acl").platform
    cheap = {"left", "right", "product"}

    class Ours:
        reorder = 1.0

        def of(self, node: object) -> float:
            return 100.0

        def of_reorder(self, value: object) -> float:
            return self.reorder

    class Library:
        def of(self, node: object, request: object) -> float:
            return 90.0 if getattr(node, "name", "") in cheap else 200.0

    graph, ours = graph_of(mixed_network(), tmp_path), Ours()

    def on_library() -> set[str]:
        job = Job(platform, platform.variants[0])
        home, others = CBackend(ours), [AclBackend(Library())]
        placed = place(graph, home, others, job, {}, lambda *_: None)
        return {node.name for node, backend in placed.backends.items() if backend == "acl"}

    assert on_library() >= cheap
    assert "stem" not in on_library()
    ours.reorder = 1000.0
    assert not on_library()


def test_missing_library_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Compile where nothing is installed for the user."""
    tools_or_skip("aarch64-acl")
    monkeypatch.setenv("EDGE_CACHE", str(tmp_path / "empty"))
    onnx.save(mixed_network(), tmp_path / "mixed.onnx")
    command = ("compile", tmp_path / "mixed.onnx", "-o", tmp_path / "mixed.edge")
    said = refusal(*command, "--target", "aarch64-acl")
    assert "Arm Compute Library 24.11 for aarch64-linux-gnu is not installed" in said
    assert said.endswith("edgec toolchain install aarch64-acl")
    assert not (tmp_path / "mixed.edge").exists()


def test_another_version_of_the_library_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Expect another version than the one that is installed."""
    tools = acl_or_skip("aarch64-acl")
    monkeypatch.setattr(probe, "ACL_VERSION", "25.99")
    with pytest.raises(CompileError, match=r"where 25\.99 is expected; install it again: edgec"):
        probe.ask(tools, [])


def test_what_the_library_throws_becomes_a_sentence(
    target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Configure a node that the library refuses, as if nobody had asked it before."""

    def wrong_table(records: Sequence[Record]) -> str:
        return node_table(records).replace(".groups = 1", ".groups = 3")

    monkeypatch.setattr(backend, "node_table", wrong_table)
    kind, _ = compiled(target, graph_of(mixed_network(), tmp_path), tmp_path, {"all": "acl"})
    said = r"Arm Compute Library failed: .*; compile the model for this machine: edgec compile"
    with kind.sandbox(tmp_path / "model.so") as sandbox, pytest.raises(CompileError, match=said):
        sandbox.best_variant()


def test_instances_run_side_by_side(target: str, tmp_path: Path) -> None:
    """Run four instances at once in one process: each gives what it gives alone."""
    tools = acl_or_skip(target)
    proto = mixed_network()
    compiled(target, graph_of(proto, tmp_path), tmp_path, {"all": "acl"})
    image = np.random.default_rng(2).standard_normal(IMAGE, np.float32)
    image.tofile(tmp_path / "image")
    (expected,) = run(proto, {"image": image})
    driver, include = Path(__file__).with_name("instances.c"), build.RUNTIME.parents[1] / "include"
    program = tmp_path / "instances"
    flags = ["-std=gnu11", "-O1", f"-I{include}", "-ldl", "-lpthread"]
    subprocess.run([tools.find_compiler(), driver, "-o", program, *flags], check=True)
    sizes = [str(image.size), str(expected.size)]
    command = [*tools.emulator(), program, tmp_path / "model.so", tmp_path / "image", *sizes]
    done = subprocess.run(command, capture_output=True, timeout=300)
    assert done.returncode == 0, done.stderr
    outputs = np.frombuffer(done.stdout, np.float32).reshape(-1, expected.size)
    assert len(outputs) == 4
    for output in outputs:
        np.testing.assert_allclose(output, expected.ravel(), atol=TOLERANCE)


@pytest.mark.slow
@pytest.mark.parametrize("places", [(), ("--place", "all=acl")])
def test_trained_squeezenet(
    target: str, places: tuple[str, ...], squeezenet_onnx: Path, tmp_path: Path
) -> None:
    """Compile and prove the trained network, as placed by cost and on the library alone."""
    bundle = tmp_path / "squeezenet.edge"
    edgec("compile", squeezenet_onnx, "-o", bundle, "--target", target, *places)
    model = read_manifest(bundle).model
    assert_needs_nothing_else(bundle / "model.so", model)
    if places:
        assert {step.backend for step in model.steps} == {"acl"}


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(
    "name",
    [
        *("bvlc_alexnet", "densenet121", "inception_v1", "inception_v2", "resnet50"),
        *("shufflenet", "squeezenet", "vgg19", "zfnet512"),
    ],
)
def test_light_models_on_the_library(
    name: str, tmp_path: Path, made_once: Callable[[str, Callable[[Path], object]], Path]
) -> None:
    """Compile and prove real architectures with all that can run there on the library."""
    acl_or_skip("aarch64-acl")
    model = made_once(f"random_{name}.onnx", lambda path: give_weights(name, path))
    bundle = tmp_path / f"{name}.edge"
    edgec("compile", model, "-o", bundle, "--target", "aarch64-acl", "--place", "all=acl")
    described = read_manifest(bundle).model
    assert any(step.backend == "acl" for step in described.steps)
    assert_needs_nothing_else(bundle / "model.so", described)
    shutil.rmtree(bundle)  # with all the weights: pytest keeps the folders of three runs
