"""A server of the Open Inference Protocol, with Google's own Protocol Buffers and gRPC."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent import futures
from contextlib import contextmanager
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
import numpy as np
import pytest

grpc: Any = pytest.importorskip("grpc")

_STRING, _INT64, _BYTES, _MESSAGE = 9, 3, 12, 11
_ONE, _MANY = 1, 3
# as the protocol's grpc_predict_v2.proto has them, without what is not used here
_TENSOR = [("name", 1, _STRING, _ONE), ("datatype", 2, _STRING, _ONE), ("shape", 3, _INT64, _MANY)]
_MESSAGES = {
    "ModelInferRequest": {
        "InferInputTensor": _TENSOR,
        "InferRequestedOutputTensor": [("name", 1, _STRING, _ONE)],
        "": [
            ("model_name", 1, _STRING, _ONE),
            ("model_version", 2, _STRING, _ONE),
            ("id", 3, _STRING, _ONE),
            ("inputs", 5, "InferInputTensor", _MANY),
            ("outputs", 6, "InferRequestedOutputTensor", _MANY),
            ("raw_input_contents", 7, _BYTES, _MANY),
        ],
    },
    "ModelInferResponse": {
        "InferOutputTensor": _TENSOR,
        "": [
            ("model_name", 1, _STRING, _ONE),
            ("model_version", 2, _STRING, _ONE),
            ("id", 3, _STRING, _ONE),
            ("outputs", 5, "InferOutputTensor", _MANY),
            ("raw_output_contents", 6, _BYTES, _MANY),
        ],
    },
}


def _classes() -> tuple[Any, Any]:
    """Return the classes of request and response."""
    file = descriptor_pb2.FileDescriptorProto(name="i.proto", package="inference", syntax="proto3")
    for name, parts in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for part, fields in parts.items():
            target = message.nested_type.add(name=part) if part else message
            for field, number, kind, label in fields:
                one = target.field.add(name=field, number=number, label=label)
                if isinstance(kind, str):
                    one.type, one.type_name = _MESSAGE, f".inference.{name}.{kind}"
                else:
                    one.type = kind
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    request, response = (
        message_factory.GetMessageClass(pool.FindMessageTypeByName(f"inference.{name}"))
        for name in _MESSAGES
    )
    return request, response


Request, Response = _classes()
Infer = Callable[[Any, Any], Any]
"""Is given a request and gRPC's context; returns the response, or its bytes."""


def response(**tensors: np.ndarray) -> Any:
    """Return an answer with these tensors."""
    said = Response(model_name="m")
    for name, array in tensors.items():
        kind = {"f": "FP", "i": "INT"}[array.dtype.kind] + str(8 * array.itemsize)
        said.outputs.add(name=name, datatype=kind, shape=array.shape)
        said.raw_output_contents.append(array.tobytes())
    return said


@contextmanager
def serving(infer: Infer, credentials: Any = None) -> Iterator[int]:
    """Serve while the context lasts; return the port."""
    handler = grpc.unary_unary_rpc_method_handler(
        infer,
        Request.FromString,
        lambda said: said if isinstance(said, bytes) else said.SerializeToString(),
    )
    service = grpc.method_handlers_generic_handler(
        "inference.GRPCInferenceService", {"ModelInfer": handler}
    )
    server = grpc.server(
        futures.ThreadPoolExecutor(4), options=[("grpc.max_send_message_length", -1)]
    )
    server.add_generic_rpc_handlers((service,))
    port = (
        server.add_secure_port("127.0.0.1:0", credentials)
        if credentials
        else server.add_insecure_port("127.0.0.1:0")
    )
    server.start()
    try:
        yield port
    finally:
        server.stop(None).wait()
