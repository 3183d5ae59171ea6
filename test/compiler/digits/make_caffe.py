"""
Makes the network of digits for Caffe, and what OpenCV computes with it.

``python make_caffe.py weights`` runs in the project's environment. ``python make_caffe.py scores``
runs in one with opencv-python-headless 4.11 and Pillow: later ones can't read Caffe's files.
"""

from __future__ import annotations

import sys

from given import FOLDER, pictures, store, weights
import numpy as np

DESCRIPTION, WEIGHTS = FOLDER / "digits.prototxt", FOLDER / "digits.caffemodel"


def make_weights() -> None:
    """Write the weights of the layers of ``digits.prototxt``, which was written by hand."""
    from edge_compiler.frontends.caffe.schema import net_parameter

    given = weights()
    net = net_parameter()(name="digits")
    norm = [given["norm.running_mean"], given["norm.running_var"], np.ones(1)]
    layers = {"norm": norm, "scale": [given["norm.weight"], given["norm.bias"]]}
    layers["first"] = [given["first.weight"]]
    for name in ("depth", "point", "last", "classes"):
        layers[name] = [given[f"{name}.weight"], given[f"{name}.bias"]]
    for name, arrays in layers.items():
        layer = net.layer.add(name=name)
        for array in arrays:
            blob = layer.blobs.add()
            blob.shape.dim.extend(array.shape)
            blob.data.extend(array.ravel().tolist())
    WEIGHTS.write_bytes(net.SerializeToString(deterministic=True))


def make_scores() -> None:
    """Let OpenCV read the digits."""
    import cv2

    net = cv2.dnn.readNetFromCaffe(str(DESCRIPTION), str(WEIGHTS))
    scores = []
    for picture in pictures():
        net.setInput(picture.transpose(2, 0, 1)[None])
        scores.append(net.forward())
    store("caffe", scores)


if __name__ == "__main__":
    {"weights": make_weights, "scores": make_scores}[sys.argv[1]]()
