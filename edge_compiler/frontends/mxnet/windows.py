"""MXNet's operators that look at windows, as ONNX's."""

from __future__ import annotations

from functools import partial

import numpy as np

from edge_compiler.frontends.mxnet.symbol import Node, Rule
from edge_compiler.frontends.ranked import RankedBuilder


def _check_layout(node: Node) -> None:
    if node.text("layout", "None") not in ("None", "NCW", "NCHW", "NCDHW"):
        raise ValueError(
            f"'{node.name}' ({node.op}) has the layout {node.attributes['layout']}, only NCHW is "
            "known"
        )


def _convolution(graph: RankedBuilder, node: Node, transposed: bool) -> None:
    _check_layout(node)
    kernel = node.integers("kernel")
    ones, zeros = [1] * len(kernel), [0] * len(kernel)
    attributes = {
        "kernel_shape": kernel,
        "strides": node.integers("stride", ones) or ones,
        "dilations": node.integers("dilate", ones) or ones,
        "pads": (node.integers("pad", zeros) or zeros) * 2,
        "group": node.integer("num_group", 1),
    }
    if transposed:
        if node.integers("target_shape", []):
            raise ValueError(
                f"'{node.name}' (Deconvolution) has a target_shape; give it pad and adj"
            )
        attributes["output_padding"] = node.integers("adj", zeros) or zeros
    names = [node.input(0), graph.constant(f"{node.name}/weight", node.array(1))]
    if not node.flag("no_bias", default=transposed):
        names.append(graph.constant(f"{node.name}/bias", node.array(2)))
    graph.add("ConvTranspose" if transposed else "Conv", names, node.output(), **attributes)


def _pooling(graph: RankedBuilder, node: Node) -> None:
    _check_layout(node)
    kind = node.text("pool_type", "max")
    ops = {"max": "MaxPool", "avg": "AveragePool"}
    if kind not in ops:
        raise ValueError(f"'{node.name}' (Pooling) is of the type {kind}, known are max and avg")
    if node.flag("global_pool"):
        graph.add(f"Global{ops[kind]}", [node.input(0)], node.output())
        return
    convention = node.text("pooling_convention", "valid")
    if convention not in ("valid", "full"):
        raise ValueError(f"'{node.name}' (Pooling) has the convention {convention}")
    kernel = node.integers("kernel")
    ones, zeros = [1] * len(kernel), [0] * len(kernel)
    extra = {}
    if kind == "avg":
        extra["count_include_pad"] = int(node.flag("count_include_pad", default=True))
    graph.add(
        ops[kind],
        [node.input(0)],
        node.output(),
        kernel_shape=kernel,
        strides=node.integers("stride", ones) or ones,
        pads=(node.integers("pad", zeros) or zeros) * 2,
        ceil_mode=int(convention == "full"),
        **extra,
    )


def _up_sampling(graph: RankedBuilder, node: Node) -> None:
    if node.text("sample_type", "nearest") != "nearest" or len(node.inputs) != 1:
        raise ValueError(f"'{node.name}' (UpSampling) isn't nearest, or of several inputs")
    factor = node.number("scale")
    factors = np.array([1, 1, factor, factor], np.float32)
    names = [node.input(0), "", graph.constant(f"{node.name}/factors", factors)]
    how = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    graph.add("Resize", names, node.output(), mode="nearest", **how)


RULES: dict[str, Rule] = {
    "Convolution": partial(_convolution, transposed=False),
    "Deconvolution": partial(_convolution, transposed=True),
    "Pooling": _pooling,
    "UpSampling": _up_sampling,
}
"""By the name of the operator."""
