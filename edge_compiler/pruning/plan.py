"""
A file that says which channels of each layer go: for those who train the smaller network further.

It names each layer's weights as the model's file does, and lists the indices of removed output and
input channels, so that the same can be done to the network where it is trained.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
import json
from pathlib import Path
from typing import Any

import numpy as np

from edge_compiler.errors import CompileError, hint
from edge_compiler.files.reading import read_text
from edge_compiler.pruning.channels import Channels, FIXED, Layer
from edge_perception.runtime import schema
from edge_perception.runtime.errors import BundleError

Array = np.ndarray[Any, Any]
FORMAT = 1


@dataclass(frozen=True)
class PlannedLayer:
    """
    What goes of a layer.

    :ivar weights: the name of its weights in the model's file.
    :ivar channels: how many output channels it has.
    :ivar removed: the indices of those that go, in rising order.
    :ivar removed_inputs: the indices along the weights' axis of input channels that go with the
        layers before.
    """

    weights: str
    channels: int
    removed: tuple[int, ...]
    removed_inputs: tuple[int, ...]


@dataclass(frozen=True)
class Plan:
    """
    The content of a plan's file.

    :ivar format: of the file.
    :ivar sha256: of the model that it was made of.
    :ivar layers: by the name of the node; those that stay as they are aren't in it.
    """

    format: int
    sha256: str
    layers: dict[str, PlannedLayer]


def make_plan(channels: Channels, removed: Array, weights: Mapping[str, str], sha256: str) -> Plan:
    """
    Return the plan by which these groups of channels go.

    :param removed: whether a group is, by the number of its first atom.
    :param weights: the name of each layer's weights in the file.
    """
    layers = {}
    for layer in channels.layers:
        outputs = _gone(channels, layer.outputs, removed)
        inputs = () if layer.inputs is None else _gone(channels, layer.inputs.atoms, removed)
        if outputs or inputs:
            name = layer.node.name
            layers[name] = PlannedLayer(weights[name], len(layer.outputs), outputs, inputs)
    return Plan(FORMAT, sha256, layers)


def write_plan(plan: Plan, path: Path) -> None:
    """
    Write a plan.

    :raises CompileError: if that is impossible; ``path`` is then as it was.
    """
    unfinished = path.with_name(f".{path.name}.new")
    try:
        unfinished.write_text(json.dumps(schema.encode(plan), indent=1) + "\n", "utf-8")
        unfinished.replace(path)
    except OSError as error:
        raise CompileError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        unfinished.unlink(missing_ok=True)


def read_plan(path: Path) -> Plan:
    """
    Read a plan.

    :raises CompileError: if it is none.
    """
    try:
        plan = schema.decode(Plan, schema.parse(read_text(path), str(path)))
    except BundleError as error:
        raise CompileError(f"{path} is no plan of edgec prune: {error}") from error
    if plan.format != FORMAT:
        raise CompileError(f"{path} is of format {plan.format}, expected {FORMAT}: make it anew")
    return plan


def planned(plan: Plan, channels: Channels, path: Path) -> Array:
    """
    Return whether a group of channels goes by a plan, by the number of its first atom.

    :param path: of the plan.
    :raises CompileError: if the network has other layers, or would not fit together then.
    """
    layers = {layer.node.name: layer for layer in channels.layers}
    removed = np.zeros(len(channels.groups), bool)
    for name, wanted in plan.layers.items():
        removed[_groups(name, wanted, layers, channels, path)] = True
    for name, layer in layers.items():
        gone = _gone(channels, layer.outputs, removed)
        stated = plan.layers[name].removed if name in plan.layers else ()
        if gone != tuple(sorted(stated)):
            raise CompileError(
                f"{path} removes {list(stated)} of the channels of '{name}', but what it removes "
                f"elsewhere takes {list(gone)} with it, as sums and the like unite them: remove "
                "the same in both"
            )
    if channels.empties(removed):
        raise CompileError(f"{path} leaves a tensor of the network without any channel")
    return removed


def _groups(
    name: str, wanted: PlannedLayer, layers: Mapping[str, Layer], channels: Channels, path: Path
) -> Array:
    if name not in layers:
        raise CompileError(
            f"{path} is of another network: no layer is called '{name}'; {hint(name, layers)}"
        )
    atoms = layers[name].outputs
    if wanted.channels != len(atoms):
        raise CompileError(
            f"{path} is of another network: '{name}' has {len(atoms)} channels, expected "
            f"{wanted.channels}"
        )
    groups = []
    for index in wanted.removed:
        if not 0 <= index < len(atoms):
            raise CompileError(
                f"{path}: '{name}' has no channel {index}, expected 0 to {len(atoms) - 1}"
            )
        group = int(channels.groups[atoms[index]])
        if group == FIXED:
            raise CompileError(
                f"{path}: channel {index} of '{name}' must stay, as an output of the network or "
                "an operator that can't be followed needs it"
            )
        groups.append(group)
    return np.array(groups, np.int64)


def _gone(channels: Channels, atoms: Array, removed: Array) -> tuple[int, ...]:
    """Return the indices of those that go."""
    return tuple(np.flatnonzero(~channels.kept(atoms, removed)).tolist())
