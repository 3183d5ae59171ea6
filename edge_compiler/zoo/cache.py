"""
The per-user cache of converted models.

``$EDGE_CACHE``, or ``$XDG_CACHE_HOME/edge_perception``, or ``~/.cache/edge_perception`` holds
``models/NAME/``: ``NAME.onnx``, ``provenance.json`` and ``LICENSE``. A folder appears complete or
not at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import hashlib
import json
from pathlib import Path
import tempfile

import onnx

from edge_compiler.errors import CompileError
from edge_compiler.files.atomic import new_folder
from edge_compiler.machine import user_cache
from edge_compiler.progress import Progress
from edge_compiler.zoo.index import download, Received
from edge_compiler.zoo.recipe import read_member, Recipe


def model_folder(name: str) -> Path:
    """Return where the cache keeps the model called ``name``."""
    return user_cache() / "models" / name


def fetch(recipe: Recipe, progress: Progress, *, force: bool = False) -> Path:
    """
    Return the path of the converted model; download and convert it if the cache hasn't got it.

    :param force: do it even if the cache has it.
    :raises CompileError: if it can't be had; the cache is then as it was.
    """
    folder = model_folder(recipe.name)
    model = folder / f"{recipe.name}.onnx"
    if not force and _is_intact(recipe, model):
        return model
    with filling(folder) as (complete, downloads):
        _fill(recipe, downloads, complete, progress)
    return model


@contextmanager
def filling(folder: Path) -> Iterator[tuple[Path, Path]]:
    """
    Make a folder of the cache anew: yield a folder that becomes it, and one for downloads.

    :raises CompileError: if that can't be; what was there stays as it was.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        # what is downloaded lies beside it, and is removed with it when this is killed
        with (
            new_folder(folder) as complete,
            tempfile.TemporaryDirectory(dir=complete.parent) as downloads,
        ):
            yield complete, Path(downloads)
    except OSError as error:
        raise CompileError(f"cannot fetch {folder.name} into {folder}: {error}") from error


def counted(progress: Progress, total: int) -> Received:
    """Return what adds up the pieces of downloads, and says how much of the total is there."""
    done = 0

    def received(count: int) -> None:
        nonlocal done
        done += count
        progress("downloading", done, total)

    return received


def _fill(recipe: Recipe, downloads: Path, complete: Path, progress: Progress) -> None:
    received = counted(progress, recipe.download_bytes)
    packages = {p.project: download(p, downloads, received) for p in recipe.packages}
    progress("converting", recipe.download_bytes, recipe.download_bytes)
    model = recipe.convert(packages)
    onnx.checker.check_model(model, full_check=True)
    data = model.SerializeToString()
    (complete / f"{recipe.name}.onnx").write_bytes(data)
    provenance = recipe.provenance() | {"sha256": hashlib.sha256(data).hexdigest()}
    (complete / "provenance.json").write_text(json.dumps(provenance, indent=2) + "\n", "utf-8")
    licenses = [
        f"{p.project} {p.version} ({p.filename}):\n\n"
        + read_member(packages[p.project], p.license_member).decode()
        for p in recipe.packages
    ]
    (complete / "LICENSE").write_text("\n\n".join(licenses), "utf-8")


def _is_intact(recipe: Recipe, model: Path) -> bool:
    """Return whether the cache has the model as this recipe makes it, unchanged since."""
    try:
        provenance = json.loads((model.parent / "provenance.json").read_text("utf-8"))
        recorded = provenance.pop("sha256")
        actual = hashlib.sha256(model.read_bytes()).hexdigest()
        return bool(provenance == recipe.provenance() and recorded == actual)
    except (OSError, ValueError, KeyError, AttributeError):
        return False
