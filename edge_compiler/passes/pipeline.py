"""The optimiser: its passes, in the order in which they run."""

from __future__ import annotations

from edge_compiler.collector import collector_paused
from edge_compiler.ir.graph import Graph
from edge_compiler.passes.activation import fuse_activation
from edge_compiler.passes.base import Pass
from edge_compiler.passes.canonical import canonicalise
from edge_compiler.passes.channel_affine import make_channel_affine, merge_affine
from edge_compiler.passes.channel_shuffle import recognise_channel_shuffle
from edge_compiler.passes.compound import recognise_activations
from edge_compiler.passes.computed_bounds import split_computed_bounds
from edge_compiler.passes.constants import fold_constants, fold_quantised_constants
from edge_compiler.passes.dead_code import drop_dead_code
from edge_compiler.passes.fold_affine import fold_affine_back, fold_affine_forward
from edge_compiler.passes.global_pool import recognise_global_pool
from edge_compiler.passes.integers import run_in_integers
from edge_compiler.passes.integers.scaled import scale_sums
from edge_compiler.passes.layer_norm import recognise_layer_norm
from edge_compiler.passes.noops import remove_noops
from edge_compiler.passes.padding import fuse_padding
from edge_compiler.passes.product_bias import fold_bias
from edge_compiler.passes.repeated import merge_repeated
from edge_compiler.passes.residual import fuse_residual
from edge_compiler.passes.row_vector import column_to_row
from edge_perception.runtime.manifest import Fusion

PASSES: tuple[Pass, ...] = (
    # what needs no thought
    merge_repeated,
    fold_constants,
    drop_dead_code,
    remove_noops,
    canonicalise,
    split_computed_bounds,
    column_to_row,
    # what several nodes mean together
    recognise_activations,
    recognise_channel_shuffle,
    recognise_layer_norm,
    recognise_global_pool,
    fold_bias,
    # what is quantised on both sides
    run_in_integers,
    scale_sums,
    drop_dead_code,
    fold_quantised_constants,
    # scale and shift go into weights; before padding, whose zeros come after a shift
    make_channel_affine,
    merge_affine,
    fold_affine_back,
    fold_affine_forward,
    fuse_padding,
    # what a node does to its result: first add the residual, then apply the activation
    fuse_residual,
    fuse_activation,
    drop_dead_code,
)

FUSING = (fold_bias, scale_sums, fuse_residual, fuse_activation)
"""Passes after which a node computes more than one operator of ONNX."""


@collector_paused()
def optimise(graph: Graph, *, fuse: bool = True) -> list[Fusion]:
    """
    Run all passes on the graph, in place.

    :param fuse: with those after which a node computes more than one operator of ONNX.
    :returns: what was done, and what was not although it might have been, for ``edgec explain``.
    :raises CompileError: if a constant that the model computes is not a finite number.
    """
    steps = [step for step in PASSES if fuse or step not in FUSING]
    return [decision for step in steps for decision in step.run(graph)]
