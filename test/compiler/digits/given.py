"""What all that make the network of digits are given: its weights and the pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

FOLDER = Path(__file__).parent


def weights() -> dict[str, np.ndarray]:
    """Return the weights in PyTorch's layouts: out, in, rows, columns."""
    with np.load(FOLDER / "weights.npz") as file:
        return dict(file)


def pictures() -> np.ndarray:
    """Return ten pictures of digits, 0 to 9, as the network takes them [10, 16, 16, 3]."""
    row = np.asarray(Image.open(FOLDER / "digits.png"))
    return np.stack(np.split(row, 10, axis=1)) / np.float32(255)


def store(name: str, scores: list[np.ndarray]) -> None:
    """Write what a framework makes of the pictures: the probability of each digit [10, 10]."""
    np.savetxt(FOLDER / f"{name}.csv", np.concatenate(scores), "%.9g", ",")
