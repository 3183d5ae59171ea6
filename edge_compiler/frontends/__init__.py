"""
Models that are not in ONNX: they become an ONNX file, which is what the compiler reads.

A format is a member of this package that names itself in `FORMATS`. Nothing after it knows where a
model came from, so the proof, too, compares with the ONNX file that is made here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import json
from pathlib import Path
import tempfile

from google.protobuf.message import EncodeError  # type: ignore[import-untyped]
import onnx

from edge_compiler.errors import CompileError
from edge_compiler.files.reading import sha256
from edge_compiler.frontends import caffe, mxnet, pytorch, tensorflow, tflite
from edge_compiler.frontends.format import Format

FORMATS: tuple[Format, ...] = (
    caffe.FORMAT,
    mxnet.FORMAT,
    pytorch.FORMAT,
    tflite.FORMAT,
    *tensorflow.FORMATS,
)
LEFT_OUT = "left out"
"""Entry of the provenance: what the model's files say beside the graph, and why it isn't taken."""


@contextmanager
def as_onnx(path: Path) -> Iterator[Path]:
    """
    Give the ONNX file of a model, as long as the block runs: the file itself, if it is one.

    The same model gives the same bytes, whatever it is called and wherever it lies (but for what
    TensorFlow exports). Their metadata
    ``edge.provenance`` names the format, the SHA-256 of what was read, and what was left out.

    :param path: the file, or the folder of a format that has folders; its content says what it is.
    :raises CompileError: if it is of another format and can't be read.
    """
    form = next((form for form in FORMATS if form.recognises(path)), None)
    if form is None:
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="edgec-") as folder:
        converted = Path(folder) / path.resolve().name  # by which a bundle finds its model again
        _convert(path, form, converted)
        try:
            yield converted
        except CompileError as error:
            error.args = (str(error).replace(str(converted), str(path)),)
            raise


def _convert(path: Path, form: Format, destination: Path) -> None:
    """Write the ONNX file of a model."""
    try:
        imported = form.read(path)
        origin = {"format": form.name, "source_sha256": ", ".join(map(sha256, imported.files))}
    except OSError as error:
        raise CompileError(f"cannot read the model {path}: {error.strerror or error}") from error
    if imported.left_out:
        origin[LEFT_OUT] = "; ".join(imported.left_out)
    metadata = {**imported.metadata, "edge.provenance": json.dumps(origin)}
    onnx.helper.set_model_props(imported.model, metadata)
    try:
        destination.write_bytes(imported.model.SerializeToString(deterministic=True))
    except (EncodeError, ValueError) as error:
        raise CompileError(
            f"{path} has more weights than the 2 GB that an ONNX file holds: make it smaller"
        ) from error
