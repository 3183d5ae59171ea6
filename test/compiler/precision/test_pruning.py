"""
Smaller networks beside the original ones in ONNX Runtime, with the same channels at zero.

What a layer doesn't read, as its weights are zero, may be there or not.
"""

from __future__ import annotations

from collections.abc import Sequence
import json
from pathlib import Path
import re
from typing import Any

from edgec_cases import Capture, refusal, run_json
from edgec_cases import run as edgec
import numpy as np
import onnx
from onnx import numpy_helper
import pytest
from random_channels import channel_network
from small_models import load_model, make_model, node, random_feeds, run, weights

from edge_compiler import ops, passes
from edge_compiler.export import export
from edge_compiler.ir.graph import Graph, Node, Value
from edge_compiler.precision.samples import tensors
from edge_compiler.pruning.channels import Channels, FIXED
from edge_compiler.pruning.cut import cut
from edge_compiler.pruning.rules import follow_channels
from edge_compiler.pruning.score import look_at_channels, scores_of
from edge_compiler.pruning.select import prunings
from edge_perception.runtime import load as load_bundle
from edge_perception.runtime import read_manifest

Array = np.ndarray[Any, Any]


def _unread(graph: Graph, channels: Channels, removed: Array) -> Graph:
    """Return a graph whose layers multiply what they read of removed channels by zero."""
    layers = {layer.node: layer for layer in channels.layers}
    nodes = []
    for each in graph.nodes:
        inputs = list(each.inputs)
        if each in layers and (along := layers[each].inputs) is not None:
            kept = channels.kept(along.atoms, removed)
            array = each.constant(1)
            assert array is not None
            shape = [-1 if axis == along.axis else 1 for axis in range(array.ndim)]
            zeroed = np.where(kept.reshape(shape), array, np.float32(0))
            inputs[1] = Value(f"{each.output.name}/unread", array.shape, constant=zeroed)
        nodes.append(Node(each.op, each.name, inputs, each.outputs, dict(each.attributes)))
    return Graph(graph.name, graph.inputs, graph.outputs, nodes, graph.metadata)


def _assert_same(graph: Graph, smaller: Graph, truth: onnx.ModelProto) -> None:
    exported = export(smaller)
    onnx.checker.check_model(exported, full_check=True)
    feeds = random_feeds(graph)
    wanted, received = run(truth, feeds), run(exported, feeds)
    for value, want, got in zip(graph.outputs, wanted, received, strict=True):
        assert got.shape == want.shape
        scale = max(float(np.abs(want).max()), 1e-3)
        np.testing.assert_allclose(got, want, rtol=0, atol=1e-4 * scale, err_msg=value.name)


def _some_groups(channels: Channels, seed: int) -> Array:
    """Return whether groups are removed: some of all that may be."""
    generator = np.random.default_rng(seed)
    removed = np.zeros(len(channels.groups), bool)
    for group in generator.permutation(np.unique(channels.groups)):
        removed[group] = group != FIXED and generator.random() < 0.5
        if channels.empties(removed):
            removed[group] = False
    return removed


@pytest.mark.parametrize("seed", range(20))
def test_removing_channels_of_a_random_network_is_zeroing_them(seed: int, tmp_path: Path) -> None:
    graph = load_model(channel_network(seed), tmp_path)
    passes.optimise(graph, fuse=False)
    channels = follow_channels(graph)
    removed = _some_groups(channels, seed)
    truth = export(_unread(graph, channels, removed))
    _assert_same(graph, cut(graph, channels, removed), truth)


def test_most_random_networks_have_channels_to_remove(tmp_path: Path) -> None:
    counts = []
    for seed in range(20):
        graph = load_model(channel_network(seed), tmp_path)
        passes.optimise(graph, fuse=False)
        counts.append(int(_some_groups(follow_channels(graph), seed).sum()))
    assert sum(count > 0 for count in counts) > 14
    assert sum(counts) > 80


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file of a network with a residual, and beside it samples."""
    path = tmp_path_factory.mktemp("pruning") / "net.onnx"
    generator = np.random.default_rng(7)

    def weights(*shape: int, low: float = -1, high: float = 1) -> Array:
        """Return the same ones, whatever tests ran before."""
        return generator.uniform(low, high, shape).astype(np.float32)

    nodes = [
        node("Conv", "x w1 b1", "c1", name="first", pads=[1, 1, 1, 1]),
        node("BatchNormalization", "c1 gamma beta mean variance", "n1"),
        node("Relu", "n1", "r1"),
        node("Conv", "r1 w2 b1", "c2", name="second", pads=[1, 1, 1, 1]),
        node("Add", "c2 r1", "sum"),
        node("Relu", "sum", "r2"),
        node("Resize", "r2 - twice", "large", name="enlarged"),
        node("Conv", "large w3", "c3", name="third"),
        node("Relu", "c3", "r3"),
        node("GlobalAveragePool", "r3", "pooled"),
        node("Flatten", "pooled", "flat"),
        node("Gemm", "flat w4 b4", "y", name="last", transB=1),
    ]
    constants = {
        "w1": weights(32, 3, 3, 3),
        "b1": weights(32),
        "gamma": weights(32, low=0.5, high=2),
        "beta": weights(32),
        "mean": weights(32),
        "variance": weights(32, low=0.5, high=2),
        "w2": weights(32, 32, 3, 3, low=-0.1, high=0.1),
        "twice": np.array([1, 1, 2, 2], np.float32),
        "w3": weights(64, 32, 1, 1),
        "w4": weights(10, 64),
        "b4": weights(10),
    }
    onnx.save(make_model(nodes, {"x": [1, 3, 12, 12]}, constants), path)
    generator = np.random.default_rng(3)
    smooth = np.cumsum(generator.normal(size=(12, 1, 3, 12, 12)), -1)
    np.savez(path.with_name("x.npz"), x=smooth.astype(np.float32))
    return path


def _with_zeros(path: Path, plan: dict[str, Any]) -> onnx.ModelProto:
    """Return the original network, in which what a plan removes is zero from where it is made."""
    proto = onnx.load(path)
    arrays = {each.name: numpy_helper.to_array(each).copy() for each in proto.graph.initializer}
    for name, layer in plan["layers"].items():
        made = next(each for each in proto.graph.node if each.name == name)
        assert made.input[1] == layer["weights"]
        assert len(arrays[made.input[1]]) == layer["channels"]
        scaled = [each for each in proto.graph.node if made.output[0] in each.input][:1]
        changed = list(made.input[1:])
        if scaled and scaled[0].op_type == "BatchNormalization":
            changed = list(scaled[0].input[1:3])
        for constant in changed:
            arrays[constant][layer["removed"]] = 0
    del proto.graph.initializer[:]
    proto.graph.initializer.extend(numpy_helper.from_array(a, n) for n, a in arrays.items())
    return proto


def _pruned(capsys: Capture, model: Path, out: Path, *more: object) -> dict[str, Any]:
    found = run_json(capsys, "prune", model, "-o", out, *more)
    assert isinstance(found, dict)
    return dict(found["pruning"])


def test_a_smaller_file_computes_what_the_original_does_with_zeros(
    model: Path, tmp_path: Path, capsys: Capture
) -> None:
    out, plan = tmp_path / "small.onnx", tmp_path / "plan.json"
    found = _pruned(capsys, model, out, "--prune", "structured:40%", "--plan", plan)
    assert found["macs"] <= 0.6 * found["macs_before"]
    assert found["parameters"] < found["parameters_before"]
    assert found["accuracy"] is None
    # what the sum unites goes together, and whole blocks are left
    assert found["layers"]["first"] == found["layers"]["second"]
    assert all(left % 16 == 0 for left, _ in found["layers"].values())
    planned = json.loads(plan.read_text())
    assert planned["layers"]["first"]["removed"] == planned["layers"]["second"]["removed"]
    assert planned["layers"]["third"]["removed_inputs"] == planned["layers"]["first"]["removed"]
    shapes = {each.name: list(each.dims) for each in onnx.load(out).graph.initializer}
    assert shapes["w3"] == [
        found["layers"].get("third", [64])[0],
        found["layers"]["first"][0],
        1,
        1,
    ]
    graph = load_model(onnx.load(model), tmp_path)
    _assert_same(graph, load_model(onnx.load(out), tmp_path), _with_zeros(model, planned))


def test_a_plan_says_all_that_is_needed_to_do_it_again(
    model: Path, tmp_path: Path, capsys: Capture
) -> None:
    first, again, plan = tmp_path / "a.onnx", tmp_path / "b.onnx", tmp_path / "plan.json"
    written = _pruned(capsys, model, first, "--prune", "structured:40%", "--plan", plan)
    assert _pruned(capsys, model, again, "--prune", plan) == written
    assert first.read_bytes() == again.read_bytes()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": 2}, "is of format 2, expected 1"),
        ({"layers": {"firs": {}}}, "no layer is called 'firs'; did you mean 'first'"),
        ({"layers": {"first": {"channels": 31}}}, "'first' has 32 channels, expected 31"),
        ({"layers": {"first": {"removed": [32]}}}, "'first' has no channel 32, expected 0 to 31"),
        ({"layers": {"last": {"channels": 10}}}, "channel 1 of 'last' must stay"),
        ({"layers": {"first": {}}}, r"takes \[1\] with it"),
        ({"layer": {}}, "is no plan of edgec prune"),
    ],
)
def test_a_plan_that_does_not_fit_is_refused(
    change: dict[str, Any], words: str, model: Path, tmp_path: Path, capsys: Capture
) -> None:
    usual = {"weights": "w", "channels": 32, "removed": [1], "removed_inputs": []}
    layers = {name: usual | layer for name, layer in change.get("layers", {}).items()}
    path = tmp_path / "plan.json"
    path.write_text(json.dumps({"format": 1, "sha256": ""} | change | {"layers": layers}))
    said = refusal(capsys, "prune", model, "-o", tmp_path / "out.onnx", "--prune", path)
    assert re.search(words, said), said
    assert not (tmp_path / "out.onnx").exists()


def test_what_can_not_be_met_is_refused_with_the_nearest(
    model: Path, tmp_path: Path, capsys: Capture
) -> None:
    prune = ("prune", model, "-o", tmp_path / "out.onnx", "--prune")
    assert "can't be removed: at most" in refusal(capsys, *prune, "structured:99%")
    samples = ("--calibration", model.with_name("x.npz"))
    said = refusal(capsys, *prune, "structured:60%", *samples, "--max-drop", "5%")
    assert "more than --max-drop 5.00%" in said
    nearest = said.split("the nearest is --prune ")[1].split(",")[0]
    kept = _pruned(capsys, model, tmp_path / "out.onnx", "--prune", nearest, *samples)
    assert kept["accuracy"]["drop"] <= 0.05
    assert "the least that could go" in refusal(
        capsys, *prune, "structured:60%", *samples, "--max-drop", "0%"
    )


@pytest.mark.parametrize("pattern", ["2:4", "blocks", "structured:0%", "structured", "magnitude"])
def test_other_ways_to_prune_are_refused(
    pattern: str, model: Path, tmp_path: Path, capsys: Capture
) -> None:
    with pytest.raises(SystemExit):
        edgec("prune", model, "-o", tmp_path / "out.onnx", "--prune", pattern)
    assert "structured:30%" in capsys.readouterr().err


def test_samples_tell_which_channels_matter_and_what_stands_for_them(
    model: Path, tmp_path: Path
) -> None:
    graph = load_model(onnx.load(model), tmp_path)
    passes.optimise(graph, fuse=False)
    channels = follow_channels(graph)
    samples = tensors(model.with_name("x.npz"), graph)
    seen = look_at_channels(graph, channels, samples, lambda *_: None)

    def error(scores: Array, taken_over: bool) -> float:
        removed = next(p for p in prunings(graph, channels, scores) if p.share > 0.2).removed
        smaller = export(cut(graph, channels, removed, seen if taken_over else None))
        return _error(graph, smaller, [dict(each) for each in samples])

    by_size = error(scores_of(channels, None), False)
    by_samples = error(scores_of(channels, seen), False)
    assert by_samples < by_size
    assert error(scores_of(channels, seen), True) < 0.7 * by_samples


def _error(graph: Graph, smaller: onnx.ModelProto, samples: Sequence[dict[str, Array]]) -> float:
    exact = export(graph)
    differences = [run(exact, feeds)[0] - run(smaller, feeds)[0] for feeds in samples]
    return float(np.sqrt(np.mean(np.square(differences))))


def test_channels_that_are_sums_of_others_go_without_a_trace(tmp_path: Path) -> None:
    """A layer that makes each channel twice, and a constant one, needs half of them."""
    half = weights(8, 3, 1, 1)
    made = np.concatenate([half, 2 * half, np.zeros((8, 3, 1, 1), np.float32)])
    shift = np.concatenate([np.zeros(16), np.arange(8)]).astype(np.float32)
    nodes = [node("Conv", "x w1 b1", "c1"), node("Conv", "c1 w2", "y", pads=[0, 0, 0, 0])]
    constants = {"w1": made, "b1": shift, "w2": weights(4, 24, 3, 3)}
    graph = load_model(make_model(nodes, {"x": [1, 3, 9, 9]}, constants), tmp_path)
    passes.optimise(graph, fuse=False)
    channels = follow_channels(graph)
    np.savez(tmp_path / "x.npz", x=weights(8, 1, 3, 9, 9))
    samples = tensors(tmp_path / "x.npz", graph)
    seen = look_at_channels(graph, channels, samples, lambda *_: None)
    removed = np.zeros(len(channels.groups), bool)
    removed[channels.groups[channels.layers[0].outputs[8:]]] = True
    smaller = cut(graph, channels, removed, seen)
    assert sum(ops.macs(each) for each in smaller.nodes) < 0.4 * sum(
        ops.macs(each) for each in graph.nodes
    )
    size = float(np.abs(run(export(graph), random_feeds(graph))[0]).max())
    assert _error(graph, export(smaller), [random_feeds(graph)]) < 0.01 * size


def test_weights_that_were_trained_since_are_checked_and_compared(
    model: Path, tmp_path: Path, capsys: Capture
) -> None:
    small, plan, out = (tmp_path / name for name in ("s.onnx", "plan.json", "out.onnx"))
    samples = ("--validation", model.with_name("x.npz"))
    before = _pruned(capsys, model, small, "--prune", "structured:30%", "--plan", plan, *samples)
    given = ("--prune", plan, "--retrained", small, *samples)
    after = _pruned(capsys, model, out, *given)
    assert after["retrained"]
    assert after["accuracy"] == before["accuracy"]  # nobody trained it
    assert after["macs"] == before["macs"]
    other = ("prune", model, "-o", out, "--prune", plan, "--retrained", model)
    assert "'first' are of [32, 3, 3, 3], expected [16, 3, 3, 3]" in refusal(capsys, *other)


def test_a_bundle_is_smaller_and_says_what_was_removed(
    model: Path, tmp_path: Path, capsys: Capture
) -> None:
    whole, bundle = tmp_path / "whole.edge", tmp_path / "net.edge"
    assert edgec("compile", model, "-o", whole) == 0
    capsys.readouterr()
    given = ("--prune", "structured:40%", "--calibration", model.with_name("x.npz"))
    found = run_json(capsys, "compile", model, "-o", bundle, *given, "--keep-source")
    assert isinstance(found, dict)
    before, after = read_manifest(whole).model, read_manifest(bundle).model
    assert after.macs < 0.65 * before.macs
    assert after.weight_bytes < before.weight_bytes
    assert found["pruning"]["accuracy"]["measure"] == "tensors"
    x = np.load(model.with_name("x.npz"))["x"][0]
    [expected] = run(bundle / "source" / "model.onnx", {"x": x})
    with load_bundle(bundle) as loaded:
        [result] = loaded.run({"x": x}).values()
    np.testing.assert_allclose(result, expected, rtol=1e-4, atol=1e-4)
    verified = run_json(capsys, "verify", bundle)
    assert isinstance(verified, dict)
    assert verified["pruning"] == found["pruning"]
    assert "not trained since, by which most networks lose" in (bundle / "report.html").read_text(
        "utf-8"
    )
    with pytest.raises(SystemExit):
        edgec("compile", model, "-o", bundle, *given, "--precision", "half")
    assert "have a budget each" in capsys.readouterr().err
