"""
Makes ``classifier.tflite``, whose metadata and labels are written by TensorFlow's own library.

``python make.py network`` runs in the project's environment, with ``test/compiler`` and the
project's root on PYTHONPATH. ``python make.py metadata`` runs in one with tflite-support 0.4.4,
protobuf 3.20 and Debian's libusb-1.0-0.
"""

from __future__ import annotations

from pathlib import Path
import sys

FILE = Path(__file__).with_name("classifier.tflite")
LABELS = ("cat", "dog", "coffee cup", "Straße", "owl")
MEAN, DEVIATION = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)


def write_network() -> None:
    """Write a small classifier of pictures, with a signature."""
    import numpy as np
    from tflite_files import Net, numbers, options, signed

    net = Net()
    image, inside, result = net.input(1, 8, 6, 3), net.tensor((1, 3)), net.output(1, 5)
    axes = net.constant(np.array([1, 2], np.int32))
    net.operator("MEAN", [image, axes], [inside], options("Reducer"))
    weights, bias = net.constant(numbers(5, 3)), net.constant(numbers(5))
    net.operator("FULLY_CONNECTED", [inside, weights, bias], [result], options("FullyConnected"))
    FILE.write_bytes(signed(net.write(), {"image": image}, {"scores": result}))


def write_metadata() -> None:
    """Let TensorFlow Lite Support say what the network takes and answers."""
    from tensorflow_lite_support.metadata.python.metadata_writers import image_classifier

    labels = FILE.with_suffix(".txt")
    labels.write_text("\n".join(LABELS), "utf-8")
    writer = image_classifier.MetadataWriter.create_for_inference(
        bytearray(FILE.read_bytes()), MEAN, DEVIATION, [str(labels)]
    )
    FILE.write_bytes(writer.populate())
    labels.unlink()


if __name__ == "__main__":
    {"network": write_network, "metadata": write_metadata}[sys.argv[1]]()
