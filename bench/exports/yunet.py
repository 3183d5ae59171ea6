"""
YuNet in PyTorch, as its paper describes it.

Wu, Peng and Yu, "YuNet: A Tiny Millisecond-level Face Detector", Machine Intelligence Research 20,
2023.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TypeAlias

import torch
from torch import nn
from torch.nn import functional

Tensor: TypeAlias = torch.Tensor

CHANNELS = 64
NUMBERS = {"cls": 1, "obj": 1, "bbox": 4, "kps": 10}
"""What the head says of each place; the first two are scores."""
SCORES = ("cls", "obj")


class Unit(nn.Module):  # type: ignore[misc]
    """A pointwise convolution, a depthwise one, and unless it is the last, ReLU."""

    def __init__(self, inputs: int, outputs: int, *, last: bool = False) -> None:
        super().__init__()
        self.pointwise = nn.Conv2d(inputs, outputs, 1)
        self.depthwise = nn.Conv2d(outputs, outputs, 3, 1, 1, groups=outputs)
        self.norm = nn.Identity() if last else nn.BatchNorm2d(outputs)
        self.last = last

    def forward(self, x: Tensor) -> Tensor:
        """Compute features from features."""
        x = self.norm(self.depthwise(self.pointwise(x)))
        return x if self.last else functional.relu(x)


class YuNet(nn.Module):  # type: ignore[misc]
    """
    The version called n.

    :param bias: of the scores.
    """

    def __init__(self, bias: float) -> None:
        super().__init__()
        first = nn.Conv2d(3, 16, 3, 2, 1), nn.BatchNorm2d(16), nn.ReLU(), Unit(16, 16)
        self.first = nn.Sequential(*first)
        widths = [16, *[CHANNELS] * 5]
        self.stages = nn.ModuleList(
            nn.Sequential(Unit(a, a), Unit(a, b)) for a, b in pairwise(widths)
        )
        self.lateral = nn.ModuleList(Unit(CHANNELS, CHANNELS) for _ in range(3))
        self.shared = nn.ModuleList(Unit(CHANNELS, CHANNELS) for _ in range(3))
        self.heads = nn.ModuleList(
            nn.ModuleDict({name: Unit(CHANNELS, n, last=True) for name, n in NUMBERS.items()})
            for _ in range(3)
        )
        for head in self.heads:
            for name in SCORES:
                nn.init.constant_(head[name].depthwise.bias, bias)

    def forward(self, image: Tensor) -> list[Tensor]:
        """Return for each kind of number one tensor a level: (1, places, numbers)."""
        x = functional.max_pool2d(self.first(image), 2)
        levels = []
        for index, stage in enumerate(self.stages):
            x = stage(x)
            if index >= 2:
                levels.append(x)
            if 1 <= index <= 3:
                x = functional.max_pool2d(x, 2)
        for level in (2, 1):
            levels[level] = self.lateral[level](levels[level])
            levels[level - 1] = levels[level - 1] + functional.interpolate(
                levels[level], scale_factor=2.0, mode="nearest"
            )
        levels[0] = self.lateral[0](levels[0])
        levels = [shared(x) for shared, x in zip(self.shared, levels, strict=True)]
        return [
            self._flat(name, head[name](x))
            for name in NUMBERS
            for head, x in zip(self.heads, levels, strict=True)
        ]

    def _flat(self, name: str, x: Tensor) -> Tensor:
        x = x.permute(0, 2, 3, 1).reshape(1, -1, NUMBERS[name])
        return torch.sigmoid(x) if name in SCORES else x
