"""
The manifest of a bundle: everything that a consumer needs to know of a compiled model.

``manifest.json`` has two parts. ``model`` is fixed when the code is generated and is compiled into
the library as well (``edge_describe()``), so that a library and a manifest that don't belong
together are noticed. The rest (proof, file hashes) is known only after the library was built and
run, or is of no use to a program that has the library alone (``fusions``). ``digest`` covers the
whole manifest.

The same model, options and version of the compiler give the same manifest, whoever compiles it,
when and where. What is true of one build only stands in its `Record`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
import json
from typing import Any

from edge_perception.runtime.accelerator import Accelerator
from edge_perception.runtime.accuracy import Accuracy, Pruning
from edge_perception.runtime.dtypes import ELEMENT_TYPES, Form
from edge_perception.runtime.proof import Proof

FORMAT = "edge-bundle"
RECORD_FORMAT = "edge-build-record"
VERSION = 11
ABI_VERSION = 2
MANIFEST_NAME = "manifest.json"
RECORD_NAME = "record.json"
SIGNATURE_NAME = "manifest.json.minisig"
OWN_FILES = (MANIFEST_NAME, RECORD_NAME, SIGNATURE_NAME)
"""Files that no list of files has."""

CONVOLUTION = "convolution + activation + concat"
POOL = "pool + softmax"
OTHER = "other"
GROUPS = (CONVOLUTION, POOL, OTHER)
"""
The groups of steps by which the time of a run is summed up: the split with which convolutional
networks are traditionally profiled. An activation or a concat that costs no step of its own is in
its convolution.
"""

OPERANDS, POINTS = "operands", {m: f"points of F({m}x{m}, 3x3)" for m in (2, 4)}
"""What a step may round to bfloat16: what it multiplies, or what Winograd's method makes of it."""

HALF_SUMS = "operands and sums of a few products in float16"
"""What a step may round to float16: what it multiplies, and sums of a few products."""
HALF_POINTS = {m: f"{name} and sums of a few products in float16" for m, name in POINTS.items()}
"""The same of what Winograd's method makes of what it multiplies."""


@dataclass(frozen=True)
class Tensor:
    """
    An input or output of the model.

    :ivar dtype: the name of its element type, see dtypes.py.
    :ivar layout: "NCHW" or "NHWC" for images, else "".
    """

    name: str
    shape: tuple[int, ...]
    dtype: str = "float32"
    layout: str = ""

    @cached_property
    def form(self) -> Form:
        """Shape and element type of an array with its elements."""
        return Form(self.shape, ELEMENT_TYPES[self.dtype])


@dataclass(frozen=True)
class Preprocess:
    """
    How an 8-bit camera frame becomes the image input: ``(pixel - mean[c]) * scale[c]``.

    For an input of uint8, that is cut to 0..255 and rounded, halves up.

    :ivar input: name of the image input.
    :ivar color: channel order of the network, "rgb", "bgr" or "mono".
    :ivar resize: "stretch" to the input's size, or "letterbox": keep the aspect ratio (sizes are
        rounded half up), centre (the odd pixel to the right and bottom), pad with ``pad_value``.
        Both interpolate bilinearly with half-pixel centres and do not round the pixels.
    :ivar mean: one number a channel, in the network's channel order, pixels being 0..255.
    :ivar scale: like mean.
    :ivar pad_value: grey level of the padding, 0..255.
    """

    input: str
    color: str = "rgb"
    resize: str = "stretch"
    mean: tuple[float, ...] = (0.0, 0.0, 0.0)
    scale: tuple[float, ...] = (1.0, 1.0, 1.0)
    pad_value: float = 114.0

    def __str__(self) -> str:
        mean, scale = for_channels(self.mean), for_channels(self.scale)
        return f"{self.color}, {self.resize}, mean {mean}, scale {scale}"


def for_channels(numbers: Sequence[float]) -> str:
    """Write a number for each channel as people read it, once if it is the same for all."""
    return ", ".join(f"{x:.6g}" for x in (numbers[:1] if len(set(numbers)) == 1 else numbers))


def _readable(value: Any) -> Any:
    """Return a value of JSON with as many digits as people read."""
    if isinstance(value, dict):
        return {key: _readable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_readable(item) for item in value]
    return float(f"{value:.6g}") if isinstance(value, float) else value


@dataclass(frozen=True)
class Decoder:
    """
    What the outputs mean.

    :ivar kind: names a decoder, e.g. "classification".
    :ivar because: why the compiler took it, where the user and the model's file don't say; else
        empty.
    """

    kind: str = "tensors"
    parameters: dict[str, Any] = field(default_factory=dict)
    because: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {json.dumps(_readable(self.parameters))}"


@dataclass(frozen=True)
class Step:
    """
    One step of the compiled program, in execution order.

    :ivar name: the node's name.
    :ivar kernel: what runs it, e.g. "direct 3x3, tile 6x4, rows outer".
    :ivar nodes: the ONNX nodes that it computes.
    :ivar value: the ONNX tensor that it writes; empty for a step that only changes a layout.
    :ivar shape: of that tensor.
    :ivar dtype: the name of its element type.
    :ivar group: what its time counts as, one of GROUPS.
    :ivar backend: that runs it, as "c" or "acl".
    :ivar reason: why that back end and kernel, e.g. "tuned: 38.5 us, next 41.0 us".
    :ivar macs: multiply-accumulates.
    :ivar weight_bytes: of its constants as packed.
    :ivar rounds: what the model's ``rounding_variants`` round to 16 bits: OPERANDS, HALF_SUMS, one
        of POINTS or of HALF_POINTS; empty: nothing.
    """

    name: str
    kernel: str
    nodes: tuple[str, ...]
    value: str
    shape: tuple[int, ...]
    dtype: str = "float32"
    group: str = OTHER
    backend: str = "c"
    reason: str = ""
    macs: int = 0
    weight_bytes: int = 0
    rounds: str = ""

    @cached_property
    def form(self) -> Form:
        """Shape and element type of an array with what it computes."""
        return Form(self.shape, ELEMENT_TYPES[self.dtype])


@dataclass(frozen=True)
class Allocation:
    """Where a value lives in the arena, from the first to the last step that touches it."""

    value: str
    offset: int
    bytes: int
    first: int
    last: int


@dataclass(frozen=True)
class Fusion:
    """A decision of the optimiser: at which node, what was done (or not), and why."""

    pass_name: str
    node: str
    done: bool
    reason: str


@dataclass(frozen=True)
class Model:
    """
    The part of the manifest that is compiled into the library.

    ``variants`` are the instruction sets that the library carries, best first; ``requires`` are
    the CPU features that the least of them needs; ``rounding_variants`` are those of them that
    round what some steps multiply. ``target`` is a triple such as
    "x86_64-linux-gnu"; ``sha256`` is that of the ONNX file.
    """

    name: str
    sha256: str
    compiler: str
    abi: int
    target: str
    variants: tuple[str, ...]
    requires: tuple[str, ...]
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    preprocess: Preprocess | None
    decoder: Decoder
    labels: tuple[str, ...]
    steps: tuple[Step, ...]
    allocations: tuple[Allocation, ...]
    arena_bytes: int
    weight_bytes: int
    macs: int
    provenance: dict[str, str] = field(default_factory=dict)
    rounding_variants: tuple[str, ...] = ()


@dataclass(frozen=True)
class BundleFile:
    """A file of the bundle: its size, and its SHA-256 in hexadecimal."""

    bytes: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """
    The content of manifest.json.

    :ivar files: the library, the self-test, and the source if it was kept, by path in the bundle.
    :ivar fusions: what the optimiser decided.
    :ivar given: what the user said when compiling in place of the model's file: "labels",
        "name", "preprocess", "decoder".
    :ivar accuracy: of a quantised model, as its file says; else None.
    :ivar pruning: of a model that was pruned, as its file says; else None.
    :ivar accelerator: that was compiled for, beside the library; else None.
    """

    model: Model
    library: str
    selftest: str
    proof: Proof
    files: dict[str, BundleFile]
    fusions: tuple[Fusion, ...] = ()
    given: tuple[str, ...] = ()
    accuracy: Accuracy | None = None
    accelerator: Accelerator | None = None
    pruning: Pruning | None = None
