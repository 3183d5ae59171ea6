"""
Makes a network of each of MXNet's operators that can be imported, and what MXNet computes with it.

``python make.py`` runs in an environment with mxnet 1.9.1 and numpy 1.23: the last that it takes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mxnet as mx
import numpy as np

STEM = str(Path(__file__).parent / "operators")


def network() -> Any:
    """Return the network, whose input is an image of 4 channels."""
    sym = mx.sym
    x = sym.Variable("data")
    conv = sym.Convolution(x, num_filter=6, kernel=(3, 3), pad=(1, 1), no_bias=True, name="conv")
    norm = sym.BatchNorm(conv, fix_gamma=False, eps=1e-3, name="norm")
    fixed = sym.BatchNorm(norm, fix_gamma=True, eps=1e-5, name="fixed")
    relu = sym.Activation(fixed, act_type="relu", name="relu")
    grouped = sym.Convolution(
        relu, num_filter=4, kernel=(3, 1), stride=(2, 1), pad=(1, 0), num_group=2, name="grouped"
    )
    dilated = sym.Convolution(relu, num_filter=3, kernel=(3, 3), dilate=(2, 2), name="dilated")
    pool = {"kernel": (3, 3), "stride": (2, 2), "pad": (1, 1)}
    pools = [
        sym.Pooling(relu, pool_type="max", name="max", **pool),
        sym.Pooling(
            relu, pool_type="max", pooling_convention="full", kernel=(2, 2), stride=(2, 2)
        ),
        sym.Pooling(relu, pool_type="avg", pooling_convention="full", name="full", **pool),
        sym.Pooling(relu, pool_type="avg", count_include_pad=False, name="counted", **pool),
    ]
    up = sym.Deconvolution(
        pools[0], num_filter=4, kernel=(3, 3), stride=(2, 2), pad=(1, 1), adj=(1, 0), name="up"
    )
    nearest = sym.UpSampling(pools[0], scale=2, sample_type="nearest", name="nearest")
    left, right = sym.SliceChannel(relu, num_outputs=2, axis=1, name="halves")
    summed = left * 0.5 - right * 1.5
    mixed = [
        summed,
        1 - summed,
        2 / (1 + sym.abs(left)),
        sym.elemwise_mul(left, right),
        sym.broadcast_div(left, 1 + sym.exp(right)),
        sym.broadcast_maximum(left, right),
        sym.LeakyReLU(summed, act_type="leaky", slope=0.1),
        sym.LeakyReLU(summed, act_type="elu", slope=0.7),
        sym.LeakyReLU(summed, act_type="prelu", name="prelu"),
        sym.Activation(summed, act_type="softrelu"),
        sym.Activation(summed, act_type="softsign"),
        sym.clip(summed, a_min=-0.5, a_max=0.25),
        sym.sqrt(sym.abs(summed)),
        sym.LRN(relu, nsize=3, alpha=0.9, beta=0.6, knorm=1.5),
        sym.InstanceNorm(relu, name="instance"),
        sym.L2Normalization(relu, mode="channel"),
        sym.add_n(left, right, summed),
    ]
    squeeze = sym.Pooling(relu, pool_type="avg", global_pool=True, kernel=(1, 1), name="squeeze")
    fc = sym.FullyConnected(squeeze, num_hidden=5, name="fc1")
    flat = sym.LeakyReLU(fc, act_type="prelu", name="prelu_flat")
    gate = sym.Activation(
        sym.FullyConnected(flat, num_hidden=6, no_bias=True, name="fc2"), act_type="sigmoid"
    )
    excited = sym.broadcast_mul(relu, sym.expand_dims(sym.expand_dims(gate, 2), 3))
    moved = sym.transpose(relu, axes=(0, 2, 3, 1))
    shaped = [
        excited,
        sym.Reshape(moved, shape=(0, -1, 3)),
        sym.Flatten(sym.slice_axis(moved, axis=2, begin=1, end=None)),
        sym.concat(left, relu, dim=1),
        sym.SwapAxis(relu, dim1=1, dim2=3),
        sym.pad(relu, mode="constant", pad_width=(0, 0, 0, 0, 1, 2, 0, 3), constant_value=0.5),
        sym.pad(relu, mode="reflect", pad_width=(0, 0, 0, 0, 1, 2, 1, 1)),
        sym.mean(relu, axis=(2, 3)),
        sym.sum(relu, axis=1, keepdims=True),
        sym.max(relu, axis=-1),
        sym.log_softmax(flat),
        sym.softmax(moved, axis=2),
        sym.SoftmaxActivation(relu, mode="channel"),
        sym.SoftmaxOutput(sym.Dropout(flat), name="probability"),
    ]
    return sym.Group([grouped, dilated, *pools[1:], up, nearest, *mixed, *shaped])


def main() -> None:
    """Write the network, its weights, an image, and all outputs."""
    random = np.random.default_rng(0)
    net = network()
    shapes, _, aux_shapes = net.infer_shape(data=(1, 4, 9, 7))
    arguments = {
        name: mx.nd.array(random.standard_normal(shape) / 2)
        for name, shape in zip(net.list_arguments(), shapes, strict=True)
    }
    aux = {
        name: mx.nd.array(np.abs(random.standard_normal(shape)) + 0.5)
        for name, shape in zip(net.list_auxiliary_states(), aux_shapes, strict=True)
    }
    executor = net.bind(mx.cpu(), arguments, aux_states=aux, grad_req="null")
    outputs = [output.asnumpy() for output in executor.forward(is_train=False)]
    np.savez_compressed(
        f"{STEM}.npz", arguments["data"].asnumpy(), *outputs, names=net.list_outputs()
    )
    net.save(f"{STEM}-symbol.json")
    weights = {k: v for k, v in arguments.items() if k not in ("data", "probability_label")}
    saved = {f"arg:{k}": v for k, v in weights.items()} | {f"aux:{k}": v for k, v in aux.items()}
    mx.nd.save(f"{STEM}-0000.params", saved)


if __name__ == "__main__":
    main()
