"""The library of a bundle, as a file that is run in a sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
import tempfile

from edge_perception.runtime.contents import open_bundle
from edge_perception.runtime.manifest import Manifest


@contextmanager
def library_of(bundle: Path, manifest: Manifest) -> Iterator[Path]:
    """
    Copy a bundle's library: what is checked is what runs.

    :raises BundleError: if it is damaged.
    """
    with tempfile.TemporaryDirectory(prefix="edgec-") as scratch, open_bundle(bundle) as files:
        library = Path(scratch) / "model.so"
        with library.open("wb") as file:
            file.writelines(files.blocks(manifest.library, manifest.files[manifest.library]))
        yield library
