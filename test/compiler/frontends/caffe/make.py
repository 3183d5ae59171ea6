"""
Makes the weights of ``layers.prototxt`` and what OpenCV computes with them.

``python make.py weights`` runs in the project's environment. ``python make.py outputs`` runs in
one with opencv-python-headless 4.11: later ones can't read Caffe's files.
"""

from __future__ import annotations

from pathlib import Path
import sys

import numpy as np

FOLDER = Path(__file__).parent
DESCRIPTION, WEIGHTS = FOLDER / "layers.prototxt", FOLDER / "layers.caffemodel"
OUTPUTS = FOLDER / "layers.npz"
SHAPES = {
    "conv": [(6, 4, 3, 3)],
    "norm": [(6,), (6,), (1,)],
    "scale": [(6,), (6,)],
    "grouped": [(4, 3, 3, 1), (4,)],
    "dilated": [(3, 6, 3, 3), (3,)],
    "up": [(6, 2, 4, 4), (6,)],
    "fc1": [(5, 6), (5,)],
    "prelu_flat": [(5,)],
    "fc2": [(6, 5)],
    "prelu": [(3,)],
    "prelu_shared": [(1,)],
    "normalize": [(6,)],
}


def make_weights() -> None:
    """Write random weights; variances and their count are above 0."""
    from edge_compiler.frontends.caffe.schema import net_parameter

    random = np.random.default_rng(0)
    net = net_parameter()(name="layers")
    for name, shapes in SHAPES.items():
        layer = net.layer.add(name=name)
        for shape in shapes:
            array = random.standard_normal(shape).astype(np.float32) / 2
            if name == "norm":
                array = np.abs(array) + 0.5
            blob = layer.blobs.add()
            blob.shape.dim.extend(shape)
            blob.data.extend(array.ravel().tolist())
    WEIGHTS.write_bytes(net.SerializeToString(deterministic=True))


def make_outputs() -> None:
    """Write an image and all outputs of the network."""
    import cv2

    image = np.random.default_rng(1).standard_normal((1, 4, 9, 7)).astype(np.float32)
    net = cv2.dnn.readNetFromCaffe(str(DESCRIPTION), str(WEIGHTS))
    net.enableFusion(False)
    net.setInput(image)
    names = net.getUnconnectedOutLayersNames()
    outputs = dict(zip(names, net.forward(names), strict=True))
    np.savez_compressed(OUTPUTS, data=image, **outputs)


if __name__ == "__main__":
    {"weights": make_weights, "outputs": make_outputs}[sys.argv[1]]()
