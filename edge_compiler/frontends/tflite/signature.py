"""The names that a TensorFlow Lite file's signature has for inputs and outputs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from edge_compiler.frontends.tflite.file import File
from edge_compiler.frontends.tflite.flatbuffer import Table
from edge_compiler.frontends.tflite.operator import Tensor

_SIGNATURES = 7
"""Field of a file; of a signature: inputs, outputs, its name, and the graph that it is of."""
_INPUTS, _OUTPUTS, _KEY, _GRAPH = 0, 1, 2, 4
_NAME, _INDEX = 0, 1
_USUAL = "serving_default"


def apply_signature(file: File) -> None:
    """
    Call inputs and outputs what programs call them, which is how the model was exported.

    Several signatures may be of the graph: the usual one is taken. A name that another input or
    output has already is left out.

    :raises ValueError: if the file is damaged.
    """
    signatures = [s for s in file.root.each(_SIGNATURES) if not s.number(_GRAPH, "<I")]
    usual = [s for s in signatures if s.text(_KEY) == _USUAL] or signatures
    if len(usual) != 1:
        return
    taken: set[str] = set()
    named: set[Tensor] = set()
    for field, tensors in ((_INPUTS, file.inputs), (_OUTPUTS, file.outputs)):
        for tensor, name in _names(usual[0], field, file.tensors):
            if tensor in tensors and tensor not in named and name not in taken:
                file.rename(tensor, name)
                named.add(tensor)
                taken.add(name)


def _names(
    signature: Table, field: int, tensors: Sequence[Tensor]
) -> Iterator[tuple[Tensor, str]]:
    for entry in signature.each(field):
        index, name = entry.number(_INDEX, "<I"), entry.text(_NAME)
        if index >= len(tensors):
            raise ValueError(f"a signature is about the tensor {index}, of {len(tensors)}")
        if name:
            yield tensors[index], name
