"""
What it costs to give a model a region of a camera's image: ``python -m bench.regions``.

A network that only averages its image is compiled, and run on regions of made-up frames, which
become its input of 227 x 227 pixels, on one thread. The times are the least of many calls, in
the processor's time, which other processes don't take.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
import math
from pathlib import Path
import tempfile
import time

import numpy as np
from numpy.typing import NDArray
import onnx

from bench.builder import Builder
from edge_compiler.compile import compile_model, Options
from edge_compiler.terminal import say_table
from edge_compiler.zoo.recipe import set_metadata
from edge_perception.runtime import ENCODINGS, Library
from edge_perception.runtime.manifest import Decoder, Preprocess

SIDE = 227
WIDTH, HEIGHT = 1280, 720
TIMES = 4  # regions of a call
REGIONS = {"face, 90 pixels": 90, "300 pixels": 300, "turned, 300 pixels": 300, "700 pixels": 700}
NAMES = ("bgr8", "mono8", "yuyv", "nv12", "bayer_rggb8")


def region(name: str, size: int) -> NDArray[np.float32]:
    """Return the map from the input to a square in the middle of the frame."""
    angle = math.radians(20) if name.startswith("turned") else 0.0
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    linear = turn * size / SIDE
    shift = np.array([WIDTH / 2, HEIGHT / 2]) - linear @ [SIDE / 2, SIDE / 2]
    return np.column_stack([linear, shift]).astype(np.float32)


def smooth_frame(rows: int, channels: int) -> NDArray[np.uint8]:
    """Return bytes that change as slowly as those of a photograph, with some noise."""
    y, x, c = np.meshgrid(np.arange(rows), np.arange(WIDTH), np.arange(channels), indexing="ij")
    waves = 128 + 110 * np.sin(x / 37 + c) * np.cos(y / 23 + 2 * c)
    noise = np.random.default_rng(1).normal(0, 3, waves.shape)
    return np.asarray(np.clip(waves + noise, 0, 255), np.uint8)


def least_time(call: Callable[[], object], seconds: float) -> float:
    """Return the least processor time of a call in milliseconds, over so many seconds of it."""
    times: list[float] = []
    end = time.thread_time() + seconds
    while time.thread_time() < end or len(times) < 3:
        begin = time.thread_time()
        call()
        times.append(time.thread_time() - begin)
    return min(times) * 1e3


def network() -> onnx.ModelProto:
    """Return a network that does next to nothing with its image."""
    net = Builder("regions", SIDE)
    model = net.model(scores=net.softmax(net.linear(net.global_average(net.image), 4)))
    set_metadata(
        model,
        preprocess=Preprocess(net.image),
        labels=list("abcd"),
        decoder=Decoder("classification"),
        provenance={"model": "regions", "license": "Apache-2.0", "sources": "made here"},
    )
    return model


def measure(library: Path, seconds: float) -> dict[str, list[float]]:
    """Return the milliseconds of each region, and of the whole picture, by encoding."""
    found = {}
    with Library(library).create(threads=1) as model:
        for name in NAMES:
            kind = ENCODINGS[name]
            rows = HEIGHT * 3 // 2 if kind.planar else HEIGHT
            frame = smooth_frame(rows, kind.channels)
            calls: list[Callable[[], object]] = [
                partial(model.run_regions, frame, name, [region(*one)] * TIMES)
                for one in REGIONS.items()
            ]
            found[name] = [least_time(call, seconds) / TIMES for call in calls]
            whole = least_time(partial(model.run_image, frame, name), seconds)
            found[name].append(whole)
    return found


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m bench.regions", description=__doc__)
    parser.add_argument("--seconds", type=float, default=0.5, help="for each number [0.5]")
    parser.add_argument("--library", type=Path, help="of another checkout, in place of a new one")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        library = options.library
        if library is None:
            path = Path(folder, "regions.onnx")
            onnx.save(network(), path)
            bundle = Path(folder, "regions.edge")
            compile_model(path, bundle, Options(), lambda *_: None)
            library = bundle / "model.so"
        found = measure(library, options.seconds)
    rows = [[name, *(round(value, 3) for value in values)] for name, values in found.items()]
    say_table(["", *REGIONS, "whole frame"], rows, f"milliseconds for {SIDE} x {SIDE} pixels")


if __name__ == "__main__":
    main()
