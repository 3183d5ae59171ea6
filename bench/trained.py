"""Bundles of trained models, with which robots are measured."""

from __future__ import annotations

from pathlib import Path

from bench.cache import BenchError
from bench.engines import ROOT
from edge_compiler.terminal import note
from edge_perception.demo import prepare

BUILD = ROOT / "build" / "bench"


def bundle(name: str = prepare.MODEL, folder: Path = BUILD) -> Path:
    """
    Return the bundle of a model of ``edgec fetch``, compiled if need be.

    :param name: of the model; the demo's network if it is not given.
    :param folder: of the bundle.
    :raises BenchError: if it can't be made.
    """
    path = folder / f"{name}.edge"
    try:
        model = prepare.fetch(name)
        if not prepare.is_current(path, model):
            note(f"compiling {name}")
            prepare.compile_model(model, path)
    except prepare.DemoError as error:
        raise BenchError(str(error)) from error
    return path
