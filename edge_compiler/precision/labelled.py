"""Pictures of which it is known what they show, to measure how often a classifier is right."""

from __future__ import annotations

from collections.abc import Sequence
import csv
from pathlib import Path

from edge_compiler.description.describe import Description
from edge_compiler.errors import CompileError, hint
from edge_compiler.files.reading import read_text
from edge_compiler.ir.graph import Graph
from edge_compiler.precision.samples import pictures, read_samples, Samples
from edge_compiler.samples.images import IMAGE_SUFFIXES


def read_validation(
    path: Path, graph: Graph, description: Description
) -> tuple[Samples, Sequence[int] | None]:
    """
    Return samples, and the class of each if that is known.

    :param path: a folder with a folder of pictures for each class; a ``.csv`` file with a picture
        and its class in each line; or pictures or tensors whose classes aren't known.
    :raises CompileError: if there are none, or they don't fit the model.
    """
    if path.suffix == ".csv":
        pairs = _listed(path)
    elif path.is_dir():
        pairs = _sorted_into_folders(path)
    else:
        pairs = []
    if not pairs:
        return read_samples(path, graph, description.preprocess), None
    if description.preprocess is None or description.decoder.kind != "classification":
        raise CompileError(
            f"{path} says which class each picture is of, but {description.name} is no classifier "
            "of pictures: give pictures alone, and the models' answers are compared"
        )
    classes = [_class(name, description, path) for _, name in pairs]
    return pictures([picture for picture, _ in pairs], graph, description.preprocess), classes


def _listed(path: Path) -> list[tuple[Path, str]]:
    rows = list(csv.reader(read_text(path).splitlines()))
    for number, row in enumerate(rows, 1):
        if len(row) != 2:
            raise CompileError(
                f"{path}, line {number}: expected a picture and its class with a comma between, "
                f"not {','.join(row)!r}"
            )
    if not rows:
        raise CompileError(f"{path} is empty; expected a picture and its class in each line")
    return [(path.parent / picture, name.strip()) for picture, name in rows]


def _sorted_into_folders(path: Path) -> list[tuple[Path, str]]:
    return [
        (picture, folder.name)
        for folder in sorted(path.iterdir())
        if folder.is_dir()
        for picture in sorted(folder.iterdir())
        if picture.suffix.lower() in IMAGE_SUFFIXES
    ]


def _class(name: str, description: Description, path: Path) -> int:
    """Return the index of a class that is given by its label or by the index."""
    if name in description.labels:
        return description.labels.index(name)
    if name.isdecimal():
        return int(name)
    known = hint(name, description.labels, "give the index of the class")
    raise CompileError(f"{path}: no class is called {name!r}; {known}")
