"""
One trained network in the formats of several frameworks, and what each computes with it.

``digits/README.md`` says who wrote each file, and who computed the scores beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
import json
from pathlib import Path

from ai_edge_litert.interpreter import Interpreter
import numpy as np
from PIL import Image

from edge_compiler.compile import compile_model, Options
from edge_compiler.description.describe import read_overrides
from edge_compiler.running.bundle import open_model
from edge_perception.runtime import read_manifest

FOLDER = Path(__file__).parent / "digits"
FRAMES = {"input": "image", "scale": [1 / 255] * 3}
"""How pictures become inputs, where the file doesn't say it."""


@dataclass(frozen=True)
class Digits:
    """
    The network in one format.

    :ivar file: what is compiled.
    :ivar scores: what the framework computed; "": LiteRT is asked.
    :ivar source: of what a file of ONNX was made, by `edgec import` and the framework.
    """

    file: str
    scores: str = ""
    source: str = ""

    def expected(self) -> np.ndarray:
        """Return the probability of each digit for each picture [10, 10]."""
        if self.scores:
            return np.loadtxt(FOLDER / self.scores, np.float32, delimiter=",")
        runner = Interpreter(str(FOLDER / self.file))
        runner.allocate_tensors()
        (given,), (result,) = runner.get_input_details(), runner.get_output_details()
        scores = []
        for picture in pictures():
            runner.set_tensor(given["index"], picture[None] / np.float32(255))
            runner.invoke()
            scores.append(runner.get_tensor(result["index"])[0])
        return np.stack(scores)


MODELS = {
    "Caffe": Digits("digits.prototxt", "caffe.csv"),
    "MXNet": Digits("digits-symbol.json", "mxnet.csv"),
    "TensorFlow Lite": Digits("digits.tflite"),
    "Keras": Digits("exported/keras.onnx", "keras.csv", "digits.keras"),
    "SavedModel": Digits("exported/saved.onnx", "tensorflow.csv", "saved"),
    "frozen graph": Digits("exported/pb.onnx", "tensorflow.csv", "digits.pb"),
    "PyTorch": Digits("exported/pt2.onnx", "pytorch.csv", "digits.pt2"),
}


def pictures() -> list[np.ndarray]:
    """Return the digits of ``digits.png``, 0 to 9, as frames of rgb8."""
    row = np.asarray(Image.open(FOLDER / "digits.png"))
    return [np.ascontiguousarray(digit) for digit in np.split(row, 10, axis=1)]


def check_digits(model: Digits, target: str, folder: Path) -> None:
    """Compile it for a target: it reads the digits that a person sees, as the framework does."""
    bundle, frames = folder / "digits.edge", folder / "frames.json"
    frames.write_text(json.dumps(FRAMES))
    said = read_overrides(preprocess=None if model.source else frames)
    shapes = {"image": (1, 3, 16, 16)} if model.scores == "mxnet.csv" else {}
    options = Options(target=target, shapes=shapes, overrides=said)
    compile_model(FOLDER / model.file, bundle, options, lambda *_: None)
    scores = []
    with open_model(bundle, read_manifest(bundle), threads=1) as instance:
        for picture in pictures():
            (score,) = instance.run_image(picture, "rgb8").values()
            scores.append(score.reshape(-1))
    assert np.argmax(scores, axis=1).tolist() == list(range(10))
    np.testing.assert_allclose(scores, model.expected(), rtol=1e-4, atol=1e-6)
