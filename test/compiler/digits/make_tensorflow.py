"""
Makes the network of digits in the formats of Keras, TensorFlow and TensorFlow Lite.

``python make_tensorflow.py`` runs in an environment with tensorflow-cpu 2.21 and Pillow.
"""

from __future__ import annotations

from given import FOLDER, pictures, store, weights
import keras
from keras import layers
import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

SHAPE = (16, 16, 3)


def network() -> keras.Model:
    """Return the trained network, whose images have their channels last."""
    image = keras.Input(SHAPE, name="image")
    x = layers.Conv2D(8, 3, padding="same", use_bias=False, name="first")(image)
    x = layers.ReLU()(layers.BatchNormalization(epsilon=1e-5, name="norm")(x))
    x = layers.DepthwiseConv2D(3, padding="same", name="depth")(layers.MaxPooling2D()(x))
    x = layers.Conv2D(16, 1, activation="relu", name="point")(x)
    x = layers.MaxPooling2D()(x)
    x = layers.Conv2D(24, 3, padding="same", activation="relu", name="last")(x)
    x = layers.GlobalAveragePooling2D()(x)
    model = keras.Model(image, layers.Dense(10, activation="softmax", name="classes")(x))
    given = weights()
    model.get_layer("first").set_weights([given["first.weight"].transpose(2, 3, 1, 0)])
    parts = ("weight", "bias", "running_mean", "running_var")
    model.get_layer("norm").set_weights([given[f"norm.{part}"] for part in parts])
    turned = {
        "depth": (2, 3, 0, 1),
        "point": (2, 3, 1, 0),
        "last": (2, 3, 1, 0),
        "classes": (1, 0),
    }
    for name, axes in turned.items():
        weight, bias = given[f"{name}.weight"].transpose(axes), given[f"{name}.bias"]
        model.get_layer(name).set_weights([weight, bias])
    return model


def main() -> None:
    """Write all files, and the scores of Keras and of TensorFlow."""
    model, images = network(), pictures()
    store("keras", [model.predict(image[None], verbose=0) for image in images])
    model.save(FOLDER / "digits.keras")
    model.save(FOLDER / "digits.h5", include_optimizer=False)
    model.export(FOLDER / "saved", verbose=False)
    whole = tf.TensorSpec((1, *SHAPE), tf.float32, name="image")
    function = tf.function(model).get_concrete_function(whole)
    graph = convert_variables_to_constants_v2(function)
    store("tensorflow", [graph(tf.constant(image[None]))[0].numpy() for image in images])
    (FOLDER / "digits.pb").write_bytes(graph.graph.as_graph_def().SerializeToString())
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function])
    (FOLDER / "digits.tflite").write_bytes(converter.convert())
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([image[None]] for image in images)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    (FOLDER / "digits_int8.tflite").write_bytes(converter.convert())


if __name__ == "__main__":
    main()
