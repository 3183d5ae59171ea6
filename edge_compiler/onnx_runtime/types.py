"""The element types of a model's tensors."""

from __future__ import annotations

import onnx
from onnx import shape_inference


class Types:
    """Those of one model, which are inferred once, when somebody asks: it takes a copy of it."""

    def __init__(self, model: onnx.ModelProto) -> None:
        """
        Infer nothing yet.

        :param model: may get other nodes once it was asked for, if what they compute is added.
        """
        self._model = model
        self._known: dict[str, int] = {}

    @property
    def known(self) -> dict[str, int]:
        """The types of all tensors, by name, as far as they can be inferred."""
        if not self._known:
            graph = self._model.graph
            self._known = {tensor.name: tensor.data_type for tensor in graph.initializer}
            self._known |= {value.name: value.type.tensor_type.elem_type for value in graph.input}
            self._known |= _computed(self._model)
        return self._known


def _computed(model: onnx.ModelProto) -> dict[str, int]:
    """Return the types of what nodes compute."""
    shown = onnx.ModelProto()
    shown.CopyFrom(model)
    del shown.graph.output[:]
    try:
        inferred = shape_inference.infer_shapes(shown).graph.value_info
    except shape_inference.InferenceError:
        return {}
    types = {value.name: value.type.tensor_type.elem_type for value in inferred}
    return {name: type_ for name, type_ in types.items() if type_}
