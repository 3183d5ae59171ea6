"""Turn a checked ONNX model into a graph of the IR, inferring the shape of every tensor."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
import math
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper, shape_inference

from edge_compiler.errors import CompileError, first_line
from edge_compiler.frontend.attributes import read_attributes
from edge_compiler.frontend.branches import refused_choice
from edge_compiler.frontend.ending import COUNTED, last_of_known_size
from edge_compiler.frontend.expand import expand
from edge_compiler.frontend.inputs import with_article
from edge_compiler.frontend.limits import check_shape
from edge_compiler.frontend.scope import Scope
from edge_compiler.frontend.weights import SMALL
from edge_compiler.ir.dtype import from_onnx, of_array, onnx_name
from edge_compiler.ir.evaluate import check_numbers, evaluate, known_inputs, RANDOM
from edge_compiler.ir.graph import Graph, Node, OPSET, Value
from edge_perception.runtime.dtypes import ELEMENT_TYPES

Array = np.ndarray[Any, Any]


def build_graph(model: onnx.ModelProto, weights: Mapping[str, Array], name: str) -> Graph:
    """
    Build the graph node by node.

    :param model: valid, in opset OPSET, with static inputs.
    :param weights: the initializers that were taken out of the model.
    :raises CompileError: if a shape can't be known, or a constant isn't a number.
    """
    return _Builder(model, weights).build(name)


class _Builder:
    """
    Walks the nodes in execution order.

    Shapes are often computed by nodes themselves (Shape, Gather, Concat, Reshape): small results
    of known inputs are computed on the way, so that the shape inference of a later node sees them.

    :ivar values: what is defined so far, by ONNX name.
    :ivar known: small tensors whose content is known already, by ONNX name.
    :ivar fixed: the names of tensors that no input decides on.
    """

    def __init__(self, model: onnx.ModelProto, weights: Mapping[str, Array]) -> None:
        self.proto = model.graph
        self.metadata = {entry.key: entry.value for entry in model.metadata_props}
        self.values: dict[str, Value] = {}
        self.known: dict[str, Array] = {}
        self.fixed: set[str] = set()
        self.weights = weights
        self.scope = Scope(self.values, self.known, self.fixed)

    def build(self, name: str) -> Graph:
        for tensor in self.proto.initializer:
            array = numpy_helper.to_array(tensor)
            self.known[tensor.name] = array
            self._constant(tensor.name, array)
        inputs = []
        for value in self.proto.input:
            if value.name in self.weights:
                self._constant(value.name, self.weights[value.name])
            else:
                inputs.append(self._input(value))
        given = {value.name: value for value in inputs}
        nodes = [node for proto in self.proto.node for node in self._written_out(proto, given)]
        outputs = [self._defined(value.name) for value in self.proto.output]
        for value in outputs:
            self._check_filled(value)
        return Graph(name, inputs, outputs, nodes, self.metadata)

    def _defined(self, name: str) -> Value:
        if name in self.scope.sequences:
            raise CompileError(_is_sequence(f"the tensor '{name}'"))
        if name not in self.values:
            raise CompileError(f"no node computes the tensor '{name}': export the model again")
        return self.values[name]

    def _check_filled(self, value: Value) -> None:
        """
        Refuse a tensor without elements, unless it is a constant: axes, say.

        :raises CompileError: naming it.
        """
        if 0 in value.shape and value.name not in self.known and value.constant is None:
            raise CompileError(
                f"the tensor '{value.name}' has the empty shape {list(value.shape)}: "
                "give the input a larger one"
            )

    def _constant(self, name: str, array: Array) -> None:
        if array.dtype.name not in ELEMENT_TYPES:
            raise CompileError(_unsupported(f"the constant '{name}'", array.dtype.name))
        self.values[name] = Value(name, array.shape, of_array(array), array)
        self.fixed.add(name)

    def _input(self, info: onnx.ValueInfoProto) -> Value:
        shape = tuple(dimension.dim_value for dimension in info.type.tensor_type.shape.dim)
        type_ = from_onnx(info.type.tensor_type.elem_type)
        assert type_ is not None  # fix_inputs refuses others
        value = self.values[info.name] = Value(info.name, shape, type_)
        return value

    def _written_out(self, proto: onnx.NodeProto, inputs: Mapping[str, Value]) -> list[Node]:
        """Return what a node of the model stands for."""
        try:
            return list(self._nodes(proto, proto.name))
        except CompileError as error:
            if proto.op_type != "If" or proto.input[0] in self.known:
                raise
            raise refused_choice(proto, self.proto, inputs, error) from error

    def _nodes(self, proto: onnx.NodeProto, origin: str) -> Iterator[Node]:
        """Yield what a node stands for: itself, or plainer ones that are built one by one."""
        expansion = expand(proto, self.scope)
        if expansion is None:
            yield self._node(proto, origin)
        else:
            for inner in expansion:
                yield from self._nodes(inner, origin)

    def _node(self, proto: onnx.NodeProto, origin: str) -> Node:
        inputs = [self._defined(name) if name else None for name in proto.input]
        for value in inputs:
            if value is not None and value.constant is not None:
                check_numbers(value.name, value.constant, proto.op_type)
        types = self._infer(proto, inputs)
        if known := self._evaluate(proto, inputs, types):
            types = [_type_of(array) for array in known]
        outputs = []
        for index, (name, type_) in enumerate(zip(proto.output, types, strict=False)):
            value = self._output(proto, name or f"{proto.name}:{index}", type_)
            self.values[value.name] = value
            outputs.append(value)
        if any(0 not in value.shape for value in outputs):  # else nobody will compute it
            for value in inputs:
                if value is not None:
                    self._check_filled(value)
        if known or (
            proto.op_type not in RANDOM and self.fixed.issuperset(filter(None, proto.input))
        ):
            self.fixed.update(value.name for value in outputs)
        attributes = read_attributes(proto, inputs, outputs)
        return Node(proto.op_type, proto.name, inputs, outputs, attributes, origins=(origin,))

    def _evaluate(
        self,
        proto: onnx.NodeProto,
        inputs: list[Value | None],
        types: list[onnx.TypeProto | None],
    ) -> list[Array]:
        """Return the outputs if they can be computed now with little work, else nothing."""
        if any(_elements(type_) > SMALL or not _is_tensor(type_) for type_ in types):
            return []
        arrays = known_inputs(proto.op_type, inputs, lambda value: self.known.get(value.name))
        if arrays is None:
            return []
        try:
            results = evaluate(proto, arrays)
        except Exception:  # the pass that folds constants tells the user
            return []
        self.known.update(zip(proto.output, results, strict=False))
        return results

    def _infer(
        self, proto: onnx.NodeProto, inputs: list[Value | None]
    ) -> list[onnx.TypeProto | None]:
        """
        Return the type of each output.

        :raises CompileError: if the inputs don't fit the operator.
        """
        schema = onnx.defs.get_schema(proto.op_type, OPSET, "")
        types = {
            value.name: helper.make_tensor_type_proto(value.type.number, value.shape)
            for value in inputs
            if value is not None
        }
        data = {
            name: numpy_helper.from_array(self.known[name], name)
            for name in proto.input
            if name in self.known
        }
        try:
            inferred = shape_inference.infer_node_outputs(
                schema, proto, types, data, opset_imports=[helper.make_opsetid("", OPSET)]
            )
        except Exception as error:  # InferenceError and ValidationError share no base class
            shapes = ", ".join(str(value) for value in inputs if value is not None)
            raise CompileError(
                f"node '{proto.name}' ({proto.op_type}) doesn't fit its inputs ({shapes}): "
                f"{first_line(error)}"
            ) from error
        return [inferred.get(name) for name in proto.output]

    def _output(self, proto: onnx.NodeProto, name: str, inferred: onnx.TypeProto | None) -> Value:
        tensor = inferred.tensor_type if inferred is not None else None
        who = f"the output '{name}' of node '{proto.name}' ({proto.op_type})"
        kind = (inferred.WhichOneof("value") or "") if inferred is not None else ""
        if kind not in ("", "tensor_type"):
            raise CompileError(_is_sequence(who, kind.removesuffix("_type")))
        if proto.op_type in COUNTED:
            raise CompileError(self._finds_as_much(proto))
        if tensor is None or not tensor.HasField("shape"):
            raise CompileError(f"{who} has a shape that {self._is_computed(proto)}")
        if any(not d.HasField("dim_value") for d in tensor.shape.dim):
            raise CompileError(f"{who} has a dimension that {self._is_computed(proto)}")
        shape = tuple(dimension.dim_value for dimension in tensor.shape.dim)
        check_shape(who, shape)
        if any(size < 0 for size in shape):
            raise CompileError(
                f"{who} has the empty shape {list(shape)}: give the input a larger one"
            )
        type_ = from_onnx(tensor.elem_type)
        if type_ is None:
            raise CompileError(_unsupported(who, onnx_name(tensor.elem_type)))
        return Value(name, shape, type_)

    def _finds_as_much(self, proto: onnx.NodeProto) -> str:
        """Return the sentence that refuses a node whose results are as long as what it finds."""
        what, then = "elements", "the robot's decoders select boxes themselves"
        if proto.op_type == "NonMaxSuppression":
            what, then = "boxes", "there the decoder 'ssd' suppresses boxes, as this node would"
        inputs = (value.name for value in self.proto.input if value.name not in self.weights)
        names = ",".join(last_of_known_size(self.proto, inputs))
        end = "export the model with the tensors before it as outputs"
        if names:
            command = f"edgec import MODEL --outputs {names} -o SHORTER.onnx"
            end = f"let the model end before it, with {command}"
        return (
            f"node '{proto.name}' ({proto.op_type}) yields as many {what} as it finds, but shapes "
            f"of compiled models are fixed: {end}; {then}"
        )

    def _is_computed(self, proto: onnx.NodeProto) -> str:
        """Return the clause that nobody knows a shape yet, and on what it may depend."""
        computed = [name for name in proto.input if name and name not in self.known]
        # of most operators it is the inputs behind the first that say what shape comes out
        others = [name for name in computed if name != proto.input[0]]
        read = ", ".join(map(repr, others or computed)) or "what it reads"
        return (
            f"is known only while the model runs, as it may depend on {read}: export the model "
            "with constants there"
        )


def _is_sequence(who: str, kind: str = "sequence") -> str:
    return (
        f"{who} is {with_article(kind)}, but only tensors are supported: export the model with "
        "tensors throughout, as Split and Concat yield them"
    )


def _unsupported(who: str, kind: str) -> str:
    """Return the sentence that refuses a tensor of another element type."""
    return f"{who} is {kind}, which is not supported: export the model with another type"


def _elements(type_: onnx.TypeProto | None) -> int:
    """Return how many elements a tensor has; 0 if it isn't known."""
    if type_ is None or not type_.tensor_type.HasField("shape"):
        return 0
    return math.prod(d.dim_value for d in type_.tensor_type.shape.dim)


def _is_tensor(type_: onnx.TypeProto | None) -> bool:
    return type_ is None or type_.WhichOneof("value") in (None, "tensor_type")


def _type_of(array: Array) -> onnx.TypeProto:
    return helper.make_tensor_type_proto(helper.np_dtype_to_tensor_dtype(array.dtype), array.shape)
