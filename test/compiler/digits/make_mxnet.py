"""
Makes the network of digits for MXNet, and what that computes with it.

``python make_mxnet.py`` runs in an environment with mxnet 1.9.1, numpy 1.23 and Pillow.
"""

from __future__ import annotations

from typing import Any

from given import FOLDER, pictures, store, weights
import mxnet as mx


def network() -> Any:
    """Return the network, whose loss gives the probabilities."""
    sym = mx.sym
    x = sym.Variable("image")
    around = {"kernel": (3, 3), "pad": (1, 1)}
    halve = {"kernel": (2, 2), "stride": (2, 2), "pool_type": "max"}
    x = sym.Convolution(x, num_filter=8, no_bias=True, name="first", **around)
    x = sym.BatchNorm(x, fix_gamma=False, eps=1e-5, name="norm")
    x = sym.Pooling(sym.Activation(x, act_type="relu"), **halve)
    x = sym.Convolution(x, num_filter=8, num_group=8, name="depth", **around)
    x = sym.Convolution(x, num_filter=16, kernel=(1, 1), name="point")
    x = sym.Pooling(sym.Activation(x, act_type="relu"), **halve)
    x = sym.Convolution(x, num_filter=24, name="last", **around)
    x = sym.Activation(x, act_type="relu")
    x = sym.Pooling(x, pool_type="avg", global_pool=True, kernel=(1, 1))
    return sym.SoftmaxOutput(sym.FullyConnected(x, num_hidden=10, name="classes"), name="scores")


def main() -> None:
    """Write the network, its weights and its scores."""
    net, given = network(), weights()
    layers = ("first", "depth", "point", "last", "classes")
    arguments = {
        f"{layer}_{kind}": mx.nd.array(given[f"{layer}.{kind}"])
        for layer in layers
        for kind in ("weight", "bias")
        if f"{layer}.{kind}" in given
    }
    arguments["norm_gamma"] = mx.nd.array(given["norm.weight"])
    arguments["norm_beta"] = mx.nd.array(given["norm.bias"])
    aux = {
        "norm_moving_mean": mx.nd.array(given["norm.running_mean"]),
        "norm_moving_var": mx.nd.array(given["norm.running_var"]),
    }
    scores = []
    for picture in pictures():
        image = mx.nd.array(picture.transpose(2, 0, 1)[None])
        bound = {**arguments, "image": image, "scores_label": mx.nd.zeros(1)}
        executor = net.bind(mx.cpu(), bound, aux_states=aux, grad_req="null")
        scores.append(executor.forward(is_train=False)[0].asnumpy())
    store("mxnet", scores)
    net.save(str(FOLDER / "digits-symbol.json"))
    saved = {f"arg:{k}": v for k, v in arguments.items()} | {f"aux:{k}": v for k, v in aux.items()}
    mx.nd.save(str(FOLDER / "digits-0000.params"), saved)


if __name__ == "__main__":
    main()
