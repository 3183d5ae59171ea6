"""What a graph is lowered to: steps that call C kernels, and the constants that they read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
import hashlib
import shutil
from typing import Any, BinaryIO, Protocol

import numpy as np

from edge_compiler.files.on_disk import unnamed_file
from edge_compiler.ir.dtype import of_array
from edge_compiler.ir.graph import Value
from edge_compiler.targets.program.buffers import aligned, Buffer
from edge_compiler.targets.program.calls import Call, Pointer
from edge_compiler.targets.program.memory import Lifetime
from edge_compiler.targets.program.variants import Variant
from edge_perception.runtime.manifest import OTHER

_COPY_BYTES = 1 << 20


class Choice(Protocol):
    """Which of several kernels was chosen."""

    @property
    def candidate(self) -> object:
        """The kernel; its text says which."""

    @property
    def reason(self) -> str:
        """Why it was chosen."""


def nothing(_: Variant) -> None:
    """Return no call."""


@dataclass(frozen=True)
class KernelCall:
    """
    A step of our own kernels.

    :ivar call: makes the call, once all buffers have their place.
    :ivar prepare: makes the call that is run once at create, if there is one.
    :ivar choose: tells which of several kernels was chosen, if there were several.
    """

    call: Callable[[Variant], Call]
    prepare: Callable[[Variant], Call | None] = nothing
    choose: Callable[[Variant], Choice] | None = None


@dataclass(frozen=True)
class BackendRecord:
    """
    A step of another back end.

    :ivar backend: its name.
    :ivar record: what the back end's part of the library is told of the step of an index, once all
        buffers have their place.
    """

    backend: str
    record: Callable[[int], object]


_MACS, _BYTES = 50, 20
"""That a core does and moves in a nanosecond at best."""
_LEAST_PART = 2000
"""Nanoseconds of work that are worth waking a thread."""
_MOST_PARTS = 64
"""EDGE_MAX_THREADS of the run time."""

OURS = "c"
"""The name of the back end that runs our own kernels."""


@dataclass
class Step:
    """
    One step of the program.

    :ivar name: of the node.
    :ivar kernel: what runs it, for people.
    :ivar nodes: the ONNX nodes that it computes.
    :ivar value: what it computes; None if it only changes a layout.
    :ivar reads: the buffers that it reads.
    :ivar output: the buffer that it writes.
    :ivar group: what its time counts as, see the manifest's Step.
    :ivar macs: multiply-accumulates.
    :ivar traffic: bytes read and written.
    :ivar weight_bytes: of its packed constants.
    :ivar reason: why that back end, if there was a choice.
    :ivar rounds: what instruction sets with products of 16 bits round, see the manifest's Step.
    """

    name: str
    kernel: str
    nodes: tuple[str, ...]
    value: Value | None
    reads: Sequence[Buffer]
    output: Buffer
    code: KernelCall | BackendRecord
    group: str = OTHER
    macs: int = 0
    traffic: int = 0
    weight_bytes: int = 0
    reason: str = ""
    rounds: str = ""

    @property
    def backend(self) -> str:
        """The name of the back end that runs it."""
        return self.code.backend if isinstance(self.code, BackendRecord) else OURS

    @property
    def images(self) -> int:
        """How often the kernel is called: once for each of the images that it works on."""
        return max(buffer.images for buffer in (*self.reads, self.output))

    @property
    def parts(self) -> int:
        """Into how many parts threads may cut it: none shorter than a few microseconds."""
        nanoseconds = max(self.macs / _MACS, self.traffic / _BYTES)
        return max(1, min(_MOST_PARTS, int(nanoseconds / _LEAST_PART)))


class Weights:
    """
    Constants of a program, packed for the kernels: each array of its own type, in one block.

    They are as large as all weights of the graph, which is still there while they are packed. So
    they are kept in a file without a name, which ends with this object.

    :param base: where it begins, as an expression in ``m``, the edge_memory.
    """

    def __init__(self, base: str) -> None:
        self._base = base
        self._file = unnamed_file(self)
        self._known: dict[bytes, int] = {}
        self.bytes = 0

    def add(self, array: np.ndarray[Any, Any]) -> Pointer:
        """Append ``array`` and return a pointer."""
        return Pointer.to(self._base, self.place(array), of_array(array), const=True)

    def place(self, array: np.ndarray[Any, Any]) -> int:
        """Append ``array`` at the next cache line, once if it comes again; return its position."""
        content = np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
        digest = hashlib.sha256(content).digest()
        if digest not in self._known:
            self._known[digest] = self.bytes
            self._file.write(content)
            self._file.write(b"\0" * (aligned(content.nbytes) - content.nbytes))
            self.bytes += aligned(content.nbytes)
        return self._known[digest]

    def write(self, file: BinaryIO) -> None:
        """Write all constants, each padded to a cache line."""
        self._file.seek(0)
        shutil.copyfileobj(self._file, file, _COPY_BYTES)


@dataclass
class Program:
    """
    A lowered graph; sizes of memory are in bytes.

    :ivar originals: weights that are read at create only, and kept in another form.
    :ivar leading: the instruction set that decided on what all of them have in common.
    """

    steps: list[Step]
    inputs: list[tuple[Value, Buffer]]
    outputs: list[tuple[Value, Buffer]]
    weights: Weights
    originals: Weights
    leading: Variant
    arena: int = 0
    scratch: int = 0
    prepared: int = 0
    lifetimes: list[Lifetime] = field(default_factory=list)

    def other_backends(self) -> list[str]:
        """Return the names of the back ends that run steps beside our kernels, each once."""
        return list(dict.fromkeys(s.backend for s in self.steps if s.backend != OURS))

    def records_of(self, backend: str) -> list[object]:
        """Return what another back end is told of each of its steps."""
        return [
            step.code.record(index)
            for index, step in enumerate(self.steps)
            if isinstance(step.code, BackendRecord) and step.code.backend == backend
        ]
