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

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from edge_perception.runtime.dtypes import ELEMENT_TYPES, Form

FORMAT = "edge-bundle"
RECORD_FORMAT = "edge-build-record"
VERSION = 8
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
    the CPU features that the least of them needs. ``target`` is a triple such as
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


PROVEN, PENDING = "proven", "pending"


@dataclass(frozen=True)
class Proof:
    """
    How the library was shown to be right: the worst relative error over all steps and inputs.

    Relative error of a tensor: max|ours - reference| / max|reference|; of integers and bools, the
    share of elements that differ. The reference says which
    engine that was, and at how many tensors float64 had to decide.

    A library that only runs on a device which is not where it is compiled is not proven there. Its
    proof is pending, with no inputs compared, until ``edgec verify`` completes it on the device.

    :ivar tolerance: relative error that the self-test allows on the robot.
    :ivar state: "proven" or "pending".
    :ivar missing: what a pending proof waits for, e.g. "an NVIDIA GPU"; else empty.
    :ivar digests: SHA-256 of the bytes that steps must compute in the self-test, by the tensor
        that they write: of those that follow from the inputs in quantised integers alone, and so
        are the same on every machine.
    """

    reference: str
    tolerance: float
    worst_error: float
    worst_step: str
    inputs: int
    state: str = PROVEN
    missing: str = ""
    digests: dict[str, str] = field(default_factory=dict)

    @property
    def caveat(self) -> str:
        """What must be said of the bundle, and what to do; empty if it is proven."""
        if self.state == PROVEN:
            return ""
        return (
            f"it is not proven yet, which needs {self.missing}; run edgec verify with the model's "
            "file on a machine that has it"
        )


@dataclass(frozen=True)
class Accelerator:
    """
    What may run the whole network on a device, in place of the bundle's library.

    Its own library is made there, by ``edgec finish``, of what the bundle has in the folder of its
    name. Until then, and where there is no such device, the bundle's library runs.

    :ivar name: "tensorrt"; also that of its variant.
    :ivar oldest: the first major version of its software that will do.
    :ivar newest: the last one.
    :ivar precision: that the network computes in: "float32", or "int8" where it is quantised.
    :ivar tolerance: relative error of an output that is allowed beside ONNX Runtime.
    :ivar refused: why it can't run the network, by node; empty: it can.
    """

    name: str
    oldest: int
    newest: int
    precision: str
    tolerance: float
    refused: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class CurvePoint:
    """What was lost with a share of the multiply-accumulates in integers."""

    integer_macs: float
    drop: float


INT8, HALF = "int8", "half"
"""Precisions: layers in 8-bit integers; weights in float16."""


@dataclass(frozen=True)
class Accuracy:
    """
    What a model loses by its precision, beside the float model of which it was made.

    :ivar measure: what was compared: "labels" that are true, or what the float model says:
        "top-1", "boxes", "embeddings", "tensors".
    :ivar drop: by how much it is worse, 0 to 1: the share of samples with the right label less, or
        what is lacking to the same answers.
    :ivar right: share of samples with the right label; None without labels.
    :ivar float_right: the same of the float model.
    :ivar sqnr_db: the outputs' power beside that of their error, in decibels.
    :ivar samples: that were compared.
    :ivar calibration: the method by which ranges were found.
    :ivar integer_macs: share of the multiply-accumulates in integers.
    :ivar float_layers: what stays in float32 so that the drop is within the budget.
    :ivar curve: from most in integers to least, as far as it was followed.
    :ivar precision: INT8 or HALF.
    """

    measure: str
    drop: float
    right: float | None
    float_right: float | None
    sqnr_db: float
    samples: int
    calibration: str
    integer_macs: float
    float_layers: tuple[str, ...] = ()
    curve: tuple[CurvePoint, ...] = ()
    precision: str = INT8

    def __str__(self) -> str:
        what = {
            "labels": "right labels",
            "top-1": "the same first answer",
            "boxes": "the same boxes",
            "embeddings": "the same embeddings",
            "tensors": "the same outputs",
        }[self.measure]
        how = (
            "weights in float16"
            if self.precision == HALF
            else f"{self.integer_macs:.1%} of the multiply-accumulates in 8 bits"
        )
        return (
            f"{self.drop:.2%} less of {what} on {self.samples} samples, signal to noise "
            f"{self.sqnr_db:.1f} dB, {how}"
        )


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


@dataclass(frozen=True)
class Speed:
    """Latency of one run, measured where the bundle was compiled: milliseconds."""

    machine: str
    threads: int
    minimum_ms: float
    median_ms: float


@dataclass(frozen=True)
class Record:
    """
    The content of record.json: what was true of one build, and would not be of the next.

    :ivar created: when, in ISO 8601.
    :ivar files: with what was measured, as the report, by path in the bundle.
    """

    created: str
    speed: Speed | None
    files: dict[str, BundleFile]
