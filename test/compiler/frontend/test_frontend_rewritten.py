"""Operators that become others when a model is read, beside ONNX Runtime's results."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
from operator_builder import Builder
from operator_models import Built
import pytest

from bench.operators import best_of_host
from edge_compiler import targets
from edge_compiler.errors import CompileError
from edge_compiler.frontend import load
from edge_compiler.passes import optimise

BOOL, FLOAT, INT64 = onnx.TensorProto.BOOL, onnx.TensorProto.FLOAT, onnx.TensorProto.INT64
CHANNELS, HEIGHT, WIDTH = 4, 7, 9
IMAGE = (2, CHANNELS, HEIGHT, WIDTH)
VOLUME = (1, CHANNELS, 3, 4, 5)


def rewritten() -> onnx.ModelProto:
    """Return a model with an output for each operator and form that is written as others."""
    b = Builder(
        {"i": INT64, "t": BOOL},
        x=IMAGE,
        even=(2, 3, 6, 8),
        z=VOLUME,
        w=(6, 2, 3, 2),
        wt=(CHANNELS, 3, 3, 2),
        c=(6,),
        g=(CHANNELS,),
        v=(1, 40),
        i=(2, 9),
        t=(2, 9),
        turned=(1, 2, 3),
        mapped=(2, 3, 4),
    )
    lies = {"strides": [2, 1], "dilations": [1, 2], "pads": [1, 0, 2, 1]}
    b.add("conv", "Conv", "x w c", group=2, **lies)
    b.add("conv_same", "Conv", "x w", group=2, strides=[2, 3], auto_pad="SAME_LOWER")
    b.add("spread", "ConvTranspose", "x wt", group=2, output_padding=[1, 0], **lies)
    b.add("spread_to", "ConvTranspose", "x wt", strides=[2, 2], output_shape=[15, 18])
    weights = b.constant(b.numbers(CHANNELS, 2, 2, 3, 2))
    deep = {"strides": [2, 1, 2], "pads": [0, 1, 0, 1, 0, 1], "group": 2}
    b.add("spread_deep", "ConvTranspose", f"z {weights} {b.constant(b.numbers(4))}", **deep)
    size, block = b.constant([5, 4]), b.constant([2, 2])
    b.inner.add(b.add("columns", "Reshape", f"x {b.constant([1, 36, -1])}"))
    b.inner.add(
        b.add("some", "Slice", f"columns {b.constant([0])} {b.constant([12])} {b.constant([2])}")
    )
    b.add("image", "Col2Im", f"some {size} {block}")
    pooled = {"kernel_shape": [3, 2], "strides": [2, 2]}
    b.add("most where", "MaxPool", pads=[1, 0, 1, 1], dilations=[1, 2], **pooled)
    b.add("most_up where_up", "MaxPool", ceil_mode=1, storage_order=1, **pooled)
    b.inner |= {"top", "top_places"}
    b.add("top top_places", "MaxPool", "even", kernel_shape=[2, 2], strides=[2, 2])
    b.inner.add(b.add("bytes", "Cast", "x", to=onnx.TensorProto.INT8))
    b.add("most_bytes", "MaxPool", "bytes", **pooled)
    b.add("power", "Pow", f"x {b.constant([2])}")
    b.add("unpooled", "MaxUnpool", "top top_places", kernel_shape=[2, 2], strides=[2, 2])
    b.add("instance", "InstanceNormalization", "x g g")
    b.inner.add(b.add("positive", "Exp", "g"))
    b.add("batch", "BatchNormalization", "x g g g positive")
    b.add("layer mean inverse", "LayerNormalization", f"x {b.constant(b.numbers(WIDTH))}")
    window = b.constant(b.numbers(16, low=0.5))
    b.add("frames", "STFT", f"v {b.constant(np.int64(8))} {window} {b.constant(np.int64(16))}")
    b.inner.add(b.add("signal", "Reshape", f"v {b.constant([2, 10, 2])}"))
    length, axis = b.constant(np.int64(7)), b.constant(np.int64(1))
    b.add("waves", "DFT", f"signal {length} {axis}")
    b.add("back", "DFT", f"signal - {axis}", inverse=1)
    b.add("even_samples", "DFT", f"signal - {axis}", inverse=1, onesided=1)
    odd = b.constant(np.int64(19))
    b.add("odd_samples", "DFT", f"signal {odd} {axis}", inverse=1, onesided=1)
    b.add("limited", "Clip", f"i {b.constant(np.int64(-3))} {b.constant(np.int64(5))}")
    b.add("any", "ReduceMax", f"t {b.constant([1])}")
    b.inner.add(b.add("deep", "Reshape", f"x {b.constant([2, 2, 2, 7, 1, 3, 3, 1])}"))
    b.add("windows", "Transpose", "deep", perm=[0, 2, 4, 6, 1, 3, 5, 7])
    nothing, all_rows = (
        " ".join(b.constant([number]) for number in (start, HEIGHT, 2)) for start in (HEIGHT, 0)
    )
    b.inner |= {b.add("none", "Slice", f"x {nothing}"), b.add("all", "Slice", f"x {all_rows}")}
    b.add("rolled", "Concat", "none all", axis=2)
    b.add("grid", "AffineGrid", f"turned {b.constant([1, 3, 4, 5])}")
    b.add("deep_grid", "AffineGrid", f"mapped {b.constant([2, 1, 2, 3, 4])}", align_corners=1)
    return b.model()


def recurrent() -> onnx.ModelProto:
    """Return a model of networks with a state, whose weights are inputs."""
    inputs, units, size = 3, 4, (2, 2, 4)
    gates = {"rnn": 1, "gru": 3, "lstm": 4}
    weights = {
        f"{name}_{part}": shape
        for name, count in gates.items()
        for part, shape in (
            ("w", (2, count * units, inputs)),
            ("r", (2, count * units, units)),
            ("b", (2, 2 * count * units)),
        )
    }
    b = Builder(x=(5, 2, inputs), h=size, c=size, p=(2, 3 * units), **weights)
    parts = {name: f"{name}_w {name}_r {name}_b" for name in gates}
    both = {"direction": "bidirectional", "hidden_size": units}
    b.add("rnn rnn_h", "RNN", f"x {parts['rnn']} - h", **both)
    kinds = {"activations": ["HardSigmoid", "Relu"] * 2, "activation_alpha": [0.3], "clip": 0.7}
    b.add("gru gru_h", "GRU", f"x {parts['gru']}", **both)
    b.add("gru_after", "GRU", f"x {parts['gru']}", linear_before_reset=1, **kinds, **both)
    b.add("lstm lstm_h lstm_c", "LSTM", f"x {parts['lstm']} - h c p", **both)
    first = [
        b.add(f"first_{p}", "Slice", f"lstm_{p} {b.constant([0])} {b.constant([1])}") for p in "wr"
    ]
    b.add(
        "coupled",
        "LSTM",
        f"x {' '.join(first)}",
        input_forget=1,
        direction="reverse",
        hidden_size=units,
    )
    return b.model()


@pytest.mark.parametrize("model", [rewritten, recurrent])
def test_results_are_those_of_onnx_runtime(
    model: Callable[[], onnx.ModelProto], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(targets.TARGETS, "host", best_of_host())
    random = np.random.default_rng(1)
    with Built(model(), tmp_path) as built:
        feeds = {
            tensor.name: random.normal(size=tensor.shape).astype(np.float32)
            for tensor in built.model.inputs
        }
        if "i" in feeds:
            feeds["i"] = random.integers(-9, 9, (2, 9))
            feeds["t"] = random.random((2, 9)) < 0.1
        expected = built.reference(feeds)
        found = built.run(built.variants[0], feeds)
    for name, want in expected.items():
        np.testing.assert_allclose(found[name], want, rtol=1e-4, atol=2e-5, err_msg=name)


def test_a_damaged_name_of_an_activation_is_refused(tmp_path: Path) -> None:
    model = recurrent()
    (named,) = (a for n in model.graph.node for a in n.attribute if a.name == "activations")
    named.strings[0] = b"\xb7"
    onnx.save(model, tmp_path / "model.onnx")
    graph, host = load(tmp_path / "model.onnx"), targets.get("host")
    optimise(graph)
    refusals = list(filter(None, map(host.refusal, graph.nodes)))
    [refusal] = refusals
    assert refusal.startswith("the input 'gru_w' must be a constant: export it with one")


def test_half_a_spectrum_of_another_length_is_refused(tmp_path: Path) -> None:
    b = Builder(x=(1, 10, 2))
    length, axis = b.constant(np.int64(16)), b.constant(np.int64(1))
    b.add("samples", "DFT", f"x {length} {axis}", inverse=1, onesided=1)
    onnx.save(b.model(), tmp_path / "model.onnx")
    with pytest.raises(CompileError, match=r"16 samples of 10 frequencies, .* these are 9:"):
        load(tmp_path / "model.onnx")
