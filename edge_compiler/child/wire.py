"""
Messages of values and arrays between two processes that need not trust each other.

A message is a header, a head in JSON, and the elements of arrays that the head describes. Nothing
is unpickled, and no memory is taken for what was not expected.
"""

from __future__ import annotations

from collections.abc import Sequence
import json
import math
import socket
import struct
from typing import Any

import numpy as np

from edge_perception.runtime.dtypes import ELEMENT_TYPES, Form

Array = np.ndarray[Any, Any]

_HEADER = struct.Struct("<4sI")  # magic, bytes of the head
_MAGIC = b"EDGE"
_TYPES = {type_.numpy.str for type_ in ELEMENT_TYPES.values()}
LONGEST_TEXT = 64 << 20


class AnswerError(Exception):
    """What was received can't be a message, or not the one that is due."""


def send(connection: socket.socket, head: dict[str, Any], arrays: Sequence[Array] = ()) -> None:
    """Send a message: ``head`` is what JSON can hold, the arrays are of any element type."""
    forms = [(array.dtype.str, array.shape) for array in arrays]
    text = json.dumps({**head, "arrays": forms}).encode()
    connection.sendall(_HEADER.pack(_MAGIC, len(text)) + text)
    for array in arrays:
        connection.sendall(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)


def receive(
    connection: socket.socket, expected: Sequence[Form] | None = None
) -> tuple[dict[str, Any], list[Array]]:
    """
    Receive a message.

    :param expected: forms of the arrays that it may have; None: any.
    :raises AnswerError: if it is none, or has other arrays.
    :raises EOFError: if the other side has closed the connection.
    """
    magic, length = _HEADER.unpack(receive_bytes(connection, _HEADER.size))
    if magic != _MAGIC or length > LONGEST_TEXT:
        raise AnswerError("it has no valid header")
    try:
        head = json.loads(receive_bytes(connection, length))
        forms = [(str(kind), tuple(map(int, shape))) for kind, shape in head.pop("arrays")]
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError):
        raise AnswerError("it has no valid head") from None
    wanted = [(form.type.numpy.str, form.shape) for form in expected or ()]
    if expected is not None and forms not in (wanted, []):
        raise AnswerError(f"it has arrays {forms[:3]}, {wanted[:3]} are expected")
    arrays = []
    for kind, shape in forms:
        if kind not in _TYPES or any(size < 0 for size in shape):
            raise AnswerError(f"it has an array of {kind} {shape}")
        body = receive_bytes(connection, np.dtype(kind).itemsize * math.prod(shape))
        arrays.append(np.frombuffer(body, kind).reshape(shape))
    return head, arrays


def receive_bytes(connection: socket.socket, count: int) -> bytearray:
    """
    Receive so many bytes.

    :raises EOFError: if the other side has closed the connection.
    """
    data = bytearray(count)
    view = memoryview(data)
    while view:
        received = connection.recv_into(view)
        if not received:
            raise EOFError
        view = view[received:]
    return data
