"""
Writes a model of TensorFlow or Keras as ONNX; runs in a Python that has TensorFlow and tf2onnx.

A model is a program: Keras's may have code of Python, and graphs operators that read and write
files. Both are refused before the model is loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
import json
from pathlib import Path
import sys
import tempfile
from typing import Any
import zipfile

OPSET = 18
MISSING = 3
_FORBIDDEN = {
    "EagerPyFunc",
    "MatchingFiles",
    "PrintV2",
    "PyFunc",
    "PyFuncStateless",
    "ReadFile",
    "WholeFileReaderV2",
    "WriteFile",
}
_OF_KERAS = ("builtins", "keras")
_OF_PYTHON = ("Lambda", "__lambda__", "function", "SlicingOpLambda", "TFOpLambda")


def main(kind: str, source: str, destination: str) -> int:
    """Return the exit code: 3 if TensorFlow or tf2onnx is missing, 1 with a reason on stderr."""
    try:
        import tensorflow  # noqa: F401
        import tf2onnx  # noqa: F401
    except ImportError:
        return MISSING
    export = {"keras": _keras, "saved model": _saved_model, "graph": _graph}[kind]
    try:
        export(source, destination)
    except Exception as error:  # whatever they raise is the reason
        said = f"there is no {error}" if isinstance(error, KeyError) else str(error)
        lines = [line for line in said.splitlines() if line.strip()]
        sys.stderr.write(f"\n{lines[0] if lines else type(error).__name__}\n")
        return 1
    return 0


def _keras(source: str, destination: str) -> None:
    import keras
    import tensorflow as tf

    check_file(source)
    model = keras.saving.load_model(source, compile=False, safe_mode=True)
    inputs = [
        tf.TensorSpec(_one_image(tensor.shape), tensor.dtype, name=tensor.name)
        for tensor in model.inputs
    ]

    def call(*tensors: Any) -> dict[str, Any]:
        given = list(tensors) if len(tensors) > 1 else tensors[0]
        outputs = model(given, training=False)
        names = model.output_names
        return dict(zip(names, tf.nest.flatten(outputs), strict=True))

    _convert(call, inputs, destination)


def _convert(call: Callable[..., Any], inputs: list[Any], destination: str) -> None:
    """
    Write what is computed of inputs.

    Larger constants are captured, and tf2onnx would take them for inputs: they become part of the
    graph here.
    """
    import tensorflow as tf
    import tf2onnx

    traced = tf.function(call, input_signature=inputs).get_concrete_function()
    captured = traced.captured_inputs

    def closed(*tensors: Any) -> Any:
        traced.set_external_captures(
            [one if one.dtype == tf.resource else tf.constant(one.numpy()) for one in captured]
        )
        return traced(*tensors)

    tf2onnx.convert.from_function(
        tf.function(closed, input_signature=inputs),
        input_signature=inputs,
        opset=OPSET,
        output_path=destination,
    )


def check_file(source: str) -> None:
    """
    Check what a file of Keras says of its layers.

    :raises ValueError: naming one that would run code of its own.
    """
    if zipfile.is_zipfile(source):
        with zipfile.ZipFile(source) as archive:
            text = archive.read("config.json")
    else:
        import h5py

        with h5py.File(source, "r") as file:
            if "model_config" not in file.attrs:
                raise ValueError("it has weights alone: save the whole model, as .keras")
            text = file.attrs["model_config"]
    json.loads(text, object_hook=_check_object)


def _check_object(described: dict[str, Any]) -> dict[str, Any]:
    """Check a layer, or another object of Keras, and return it."""
    kind, module = str(described.get("class_name", "")), described.get("module")
    config = described.get("config")
    name = config.get("name", kind) if isinstance(config, dict) else kind
    if kind in _OF_PYTHON:
        raise ValueError(
            f"the layer '{name}' has code of Python ({kind}), which is not run: write it as "
            "layers of Keras"
        )
    if module is not None and str(module).split(".")[0] not in _OF_KERAS:
        raise ValueError(
            f"the layer '{name}' is of {module}, whose code is not run: export it to ONNX there"
        )
    return described


def _one_image(shape: Any) -> list[int | None]:
    """Return a shape whose first dimension, if it is open, is 1; others are left to edgec."""
    sizes: list[int | None] = list(shape)
    return [1 if sizes[0] is None else sizes[0], *sizes[1:]] if sizes else []


def _saved_model(source: str, destination: str) -> None:
    import tensorflow as tf
    from tensorflow.core.protobuf import saved_model_pb2

    file = saved_model_pb2.SavedModel()
    file.ParseFromString((Path(source) / "saved_model.pb").read_bytes())
    for meta in file.meta_graphs:
        _check_operators(meta.graph_def)
    with _without_optimisers(file, Path(source)) as folder:
        loaded = tf.saved_model.load(folder)
    signatures = list(loaded.signatures)
    if "serving_default" not in signatures and len(signatures) != 1:
        raise ValueError(f"it has the signatures {signatures}, and none is called serving_default")
    name = "serving_default" if "serving_default" in signatures else signatures[0]
    concrete = loaded.signatures[name]
    inputs = list(concrete.structured_input_signature[1].values())
    for one in inputs:
        if one.shape.rank is None:
            raise ValueError(f"the input '{one.name}' has no shape: save the model with one")
    fixed = [tf.TensorSpec(_one_image(one.shape), one.dtype, name=one.name) for one in inputs]

    def call(*tensors: Any) -> Any:
        return concrete(**{one.name: x for one, x in zip(inputs, tensors, strict=True)})

    _convert(call, fixed, destination)


@contextmanager
def _without_optimisers(file: Any, source: Path) -> Iterator[str]:
    """
    Return the folder of a SavedModel without what a training would go on with.

    TensorFlow finds no optimiser of Keras 2 for that, and would stop.
    """
    for meta in file.meta_graphs:
        for node in meta.object_graph_def.nodes:
            del node.slot_variables[:]
    with tempfile.TemporaryDirectory() as folder:
        for part in source.iterdir():
            if part.name != "saved_model.pb":
                (Path(folder) / part.name).symlink_to(part.absolute())
        (Path(folder) / "saved_model.pb").write_bytes(file.SerializeToString())
        yield folder


def _graph(source: str, destination: str) -> None:
    import tensorflow as tf
    import tf2onnx

    graph = tf.compat.v1.GraphDef()
    graph.ParseFromString(Path(source).read_bytes())
    _check_operators(graph)
    read = {name.lstrip("^").split(":")[0] for node in graph.node for name in node.input}
    inputs = [f"{node.name}:0" for node in graph.node if node.op == "Placeholder"]
    outputs = [
        f"{node.name}:0"
        for node in graph.node
        if node.name not in read and node.op not in ("Assert", "Const", "NoOp", "Placeholder")
    ]
    tf2onnx.convert.from_graph_def(
        graph, input_names=inputs, output_names=outputs, opset=OPSET, output_path=destination
    )


def _check_operators(graph: Any) -> None:
    functions = [node for function in graph.library.function for node in function.node_def]
    for node in (*graph.node, *functions):
        if node.op in _FORBIDDEN:
            raise ValueError(f"'{node.name}' is a {node.op}, which is not run: leave it out")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
