"""
Silero VAD: is someone speaking, from 32 ms of sound.

``sound`` (1, 576): the last 64 samples of the window before, then the 512 of this one, at 16 kHz,
from -1 to 1; ``state`` (2, 1, 128): zeros at first, then the last ``next_state``. ``speech``
(1, 1): the chance that someone speaks.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import onnx

from edge_compiler.zoo.ready import read_ready
from edge_compiler.zoo.recipe import Package, Recipe

FILE = "silero_vad/data/silero_vad_openvino_16k.onnx"
NAMES = {"input": "sound", "state": "state", "output": "speech", "stateN": "next_state"}


def convert(packages: Mapping[str, Path]) -> onnx.ModelProto:
    """Name what the network reads and says."""
    return read_ready(RECIPE, packages, FILE, NAMES)


RECIPE = Recipe(
    name="silero_vad",
    summary="Silero VAD, whether someone speaks, 32 ms of sound at 16 kHz",
    license="MIT (Silero VAD)",
    answers="edgec fetch speech: someone speaks in 77 % of a minute; in silence 0.00",
    packages=(
        Package(
            project="silero-vad",
            version="6.2.3",
            filename="silero_vad-6.2.3-py3-none-any.whl",
            size=11317527,
            sha256="7b7f5436cfcb02fae583a05b512ea96467fd449fe54cb49a5e4f06c51a1e43b8",
            license_member="silero_vad-6.2.3.dist-info/licenses/LICENSE",
        ),
    ),
    convert=convert,
)
