"""LiteRT with a model quantised by AI Edge Quantizer, its own quantiser."""

from __future__ import annotations

from pathlib import Path

from ai_edge_litert import schema_py_generated as schema
import flatbuffers
import numpy as np

from bench.engines.litert import load

__all__ = ["convert", "load"]


def convert(model: Path, folder: Path, calibration: str) -> None:
    """Quantise weights and activations to 8 bits, by channel; inputs and outputs, too."""
    from ai_edge_quantizer import quantizer, recipe

    from bench.engines.onnx_to_tflite import convert_onnx

    with np.load(calibration) as arrays:
        [(name, samples)] = arrays.items()
    maker = quantizer.Quantizer(bytearray(_signed(convert_onnx(model), name)))
    maker.load_quantization_recipe(recipe.static_wi8_ai8())
    last = [np.ascontiguousarray(x.transpose(0, 2, 3, 1)) for x in samples]
    ranges = maker.calibrate({None: [{name: x} for x in last]})
    (folder / "model.tflite").write_bytes(maker.quantize(ranges).quantized_model)


def _signed(content: bytes, name: str) -> bytes:
    """Return a model with names of its input and outputs, which the quantiser asks for."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))
    graph = model.subgraphs[0]
    signature = schema.SignatureDefT()
    signature.signatureKey = "serving_default"
    outputs = {f"output{number}": index for number, index in enumerate(graph.outputs)}
    signature.inputs = _names({name: graph.inputs[0]})
    signature.outputs = _names(outputs)
    model.signatureDefs = [signature]
    builder = flatbuffers.Builder(1 << 20)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _names(indices: dict[str, int]) -> list[schema.TensorMapT]:
    maps = []
    for name, index in indices.items():
        entry = schema.TensorMapT()
        entry.name, entry.tensorIndex = name, index
        maps.append(entry)
    return maps
