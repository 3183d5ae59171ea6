"""
A walking policy of the quadruped Go1, which follows a joystick, from MuJoCo Playground.

``observation`` (1, 48): linear velocity (m/s), angular velocity (rad/s) and the direction of
gravity in the body's frame, three each; the angles of the 12 joints (rad) less those of the
standing pose, their velocities (rad/s), and the last action; the wanted speed forward and to the
left (m/s) and turn (rad/s). ``action`` (1, 12): half of it is added to the standing pose's angles.

Zakka et al., "MuJoCo Playground", 2025.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import onnx

from edge_compiler.zoo.ready import read_ready
from edge_compiler.zoo.recipe import Package, Recipe

FILE = "mujoco_playground/experimental/sim2sim/onnx/go1_policy.onnx"
NAMES = {"obs": "observation", "continuous_actions": "action"}


def convert(packages: Mapping[str, Path]) -> onnx.ModelProto:
    """Name what the policy reads and says."""
    return read_ready(RECIPE, packages, FILE, NAMES)


RECIPE = Recipe(
    name="go1_policy",
    summary="walking policy of a Unitree Go1: 48 observations, 12 joints, 50 times a second",
    license="Apache-2.0 (MuJoCo Playground)",
    answers="upright, told to stand: targets within 0.27 rad of the standing pose",
    packages=(
        Package(
            project="playground",
            version="0.0.4",
            filename="playground-0.0.4-py3-none-any.whl",
            size=14252268,
            sha256="4c13ff2912b1defb1474c4a039b4794a1b0122e99444828c9061ac41c464b0ee",
            license_member="playground-0.0.4.dist-info/licenses/LICENSE",
        ),
    ),
    convert=convert,
)
