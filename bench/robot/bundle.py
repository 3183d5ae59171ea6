"""The network with which the robot is measured."""

from __future__ import annotations

from pathlib import Path

from bench.cache import BenchError
from bench.engines import ROOT
from edge_compiler.terminal import note
from edge_perception.demo import prepare

BUILD = ROOT / "build" / "bench"


def bundle() -> Path:
    """
    Return the bundle of the demo's network, compiled if need be.

    :raises BenchError: if it can't be made.
    """
    path = BUILD / f"{prepare.MODEL}.edge"
    try:
        model = prepare.fetch(prepare.MODEL)
        if not prepare.is_current(path, model):
            note(f"compiling {prepare.MODEL}")
            prepare.compile_model(model, path)
    except prepare.DemoError as error:
        raise BenchError(str(error)) from error
    return path
