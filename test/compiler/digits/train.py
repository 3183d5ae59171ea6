"""
Trains the network of digits and paints ``digits.png``: ``python train.py``.

Runs in an environment with torch 2.13, scikit-learn 1.9 and Pillow. The digits are those of the
UCI Machine Learning Repository (E. Alpaydin and C. Kaynak, 1998, CC BY 4.0), written by 43 people.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits
import torch
from torch import nn
from torch.nn import functional

FOLDER = Path(__file__).parent
SIDE, HELD_OUT = 16, 297
_EPOCHS, _BATCH = 60, 64


class Net(nn.Module):
    """A network of 5,000 weights for a colour picture of a digit."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 8, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(8)
        self.depth = nn.Conv2d(8, 8, 3, padding=1, groups=8)
        self.point = nn.Conv2d(8, 16, 1)
        self.last = nn.Conv2d(16, 24, 3, padding=1)
        self.classes = nn.Linear(24, 10)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Return the logarithms of how likely each digit is."""
        x = functional.max_pool2d(functional.relu(self.norm(self.first(image))), 2)
        x = functional.max_pool2d(functional.relu(self.point(self.depth(x))), 2)
        x = functional.relu(self.last(x))
        return self.classes(x.mean((2, 3)))


def paint(strokes: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Return pictures [N, 16, 16, 3] of strokes [N, 8, 8] from 0 to 1, light on dark colours."""
    large = np.stack([np.asarray(Image.fromarray(s).resize((SIDE, SIDE))) for s in strokes])
    count = (len(strokes), 1, 1, 3)
    dark, light = random.uniform(0, 0.4, count), random.uniform(0.6, 1, count)
    colours = dark + (light - dark) * large[..., None]
    return np.rint(255 * np.clip(colours, 0, 1)).astype(np.uint8)


def main() -> None:
    """Write ``weights.npz`` in PyTorch's layouts, and one of each digit it has not seen."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    random = np.random.default_rng(0)
    digits = load_digits()
    strokes, kinds = (digits.images / 16).astype(np.float32), digits.target
    net = Net()
    optimiser = torch.optim.Adam(net.parameters(), 5e-3)
    steps = _EPOCHS * (len(strokes) // _BATCH)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    for _ in range(steps):
        chosen = random.integers(0, len(strokes) - HELD_OUT, _BATCH)
        loss = functional.cross_entropy(
            net(tensor(paint(strokes[chosen], random))), torch.tensor(kinds[chosen])
        )
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    net.eval()
    pictures, wanted = paint(strokes[-HELD_OUT:], random), kinds[-HELD_OUT:]
    with torch.no_grad():
        right = net(tensor(pictures)).argmax(1).numpy() == wanted
    print(f"{right.sum()} of {HELD_OUT} digits that it has not seen are right")
    shown = [pictures[np.flatnonzero(right & (wanted == digit))[0]] for digit in range(10)]
    Image.fromarray(np.concatenate(shown, axis=1)).save(FOLDER / "digits.png")
    weights = {name: value.numpy() for name, value in net.state_dict().items()}
    np.savez(FOLDER / "weights.npz", **{k: v for k, v in weights.items() if v.ndim})


def tensor(pictures: np.ndarray) -> torch.Tensor:
    """Return pictures as the network takes them."""
    return torch.tensor(pictures.transpose(0, 3, 1, 2) / np.float32(255))


if __name__ == "__main__":
    main()
