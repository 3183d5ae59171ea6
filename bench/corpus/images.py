"""Networks for a robot's cameras as engineers write them in PyTorch; all weights are random."""

from __future__ import annotations

from itertools import pairwise
from typing import TypeAlias

import torch
from torch import nn
from torch.nn import functional

Tensor: TypeAlias = torch.Tensor


def block(inputs: int, outputs: int, stride: int = 1, kernel: int = 3) -> nn.Sequential:
    """Return convolution, batch normalisation and ReLU."""
    convolution = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU())


def enlarged(x: Tensor, like: Tensor, mode: str = "bilinear") -> Tensor:
    """Return an image in the size of another one."""
    align = None if mode == "nearest" else False
    return functional.interpolate(x, size=like.shape[2:], mode=mode, align_corners=align)


class Unet(nn.Module):  # type: ignore[misc]
    """
    Segmentation by U-Net.

    :param learned: go up by transposed convolutions, else by bilinear interpolation.
    """

    def __init__(self, learned: bool) -> None:
        super().__init__()
        widths = (16, 32, 64, 128)
        self.down = nn.ModuleList(
            nn.Sequential(block(a, b), block(b, b)) for a, b in pairwise((3, *widths))
        )
        self.up = nn.ModuleList(
            nn.ConvTranspose2d(b, a, 2, 2) if learned else nn.Conv2d(b, a, 1)
            for a, b in pairwise(widths)
        )
        self.join = nn.ModuleList(block(2 * a, a) for a in widths[:-1])
        self.head = nn.Conv2d(widths[0], 5, 1)
        self.learned = learned

    def forward(self, image: Tensor) -> Tensor:
        """Return scores of each pixel: (1, 5, H, W)."""
        x, skips = image, []
        for index, down in enumerate(self.down):
            x = down(functional.max_pool2d(x, 2) if index else x)
            skips.append(x)
        for up, join, skip in zip(self.up[::-1], self.join[::-1], skips[-2::-1], strict=True):
            x = up(x) if self.learned else enlarged(up(x), skip)
            x = join(torch.cat([x, skip], 1))
        return self.head(x)


class FastScnn(nn.Module):  # type: ignore[misc]
    """Segmentation in two branches with a pyramid of pools."""

    def __init__(self) -> None:
        super().__init__()
        self.shared = nn.Sequential(block(3, 32, 2), block(32, 48, 2), block(48, 64, 2))
        self.deep = nn.Sequential(block(64, 96, 2), block(96, 128, 2))
        self.pools = nn.ModuleList(nn.AdaptiveAvgPool2d(size) for size in (1, 2, 4, 8))
        self.narrow = nn.ModuleList(block(128, 32, kernel=1) for _ in range(4))
        self.join = block(256, 64, kernel=1)
        self.head = nn.Conv2d(64, 19, 1)

    def forward(self, image: Tensor) -> Tensor:
        """Return the class of each pixel: (1, H, W)."""
        detail = self.shared(image)
        x = self.deep(detail)
        parts = [enlarged(n(p(x)), x) for p, n in zip(self.pools, self.narrow, strict=True)]
        x = enlarged(self.join(torch.cat([x, *parts], 1)), detail) + detail
        return enlarged(self.head(x), image).argmax(1)


class FastDepth(nn.Module):  # type: ignore[misc]
    """Depth from one image: nearest enlargement and depthwise layers."""

    def __init__(self) -> None:
        super().__init__()
        widths = (32, 64, 128, 256)
        self.down = nn.ModuleList(block(a, b, 2) for a, b in pairwise((3, *widths)))
        self.up = nn.ModuleList(
            nn.Sequential(
                *(nn.Conv2d(b, b, 5, padding=2, groups=b), nn.BatchNorm2d(b), nn.ReLU()),
                block(b, a, kernel=1),
            )
            for a, b in pairwise(widths)
        )
        self.head = nn.Conv2d(widths[0], 1, 1)

    def forward(self, image: Tensor) -> Tensor:
        """Return metres: (1, 1, H / 2, W / 2)."""
        x, skips = image, []
        for down in self.down:
            x = down(x)
            skips.append(x)
        for up, skip in zip(self.up[::-1], skips[-2::-1], strict=True):
            x = functional.interpolate(up(x), scale_factor=2.0, mode="nearest") + skip
        return functional.softplus(self.head(x))


class HighResolution(nn.Module):  # type: ignore[misc]
    """Keypoints as heat maps: two resolutions that exchange what they have."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(block(3, 32, 2), block(32, 32, 2))
        self.fine, self.coarse = block(32, 32), block(32, 64, 2)
        self.to_fine, self.to_coarse = nn.Conv2d(64, 32, 1), block(32, 64, 2)
        self.head = nn.Conv2d(32, 17, 1)

    def forward(self, image: Tensor) -> Tensor:
        """Return a map for each keypoint: (1, 17, H / 4, W / 4)."""
        x = self.stem(image)
        fine, coarse = self.fine(x), self.coarse(x)
        coarse = coarse + self.to_coarse(fine)
        return self.head(torch.relu(fine + enlarged(self.to_fine(coarse), fine, "nearest")))


class Keypoints(HighResolution):
    """The same with places instead of maps: a soft maximum over each map."""

    def forward(self, image: Tensor) -> Tensor:
        """Return the place of each keypoint, from 0 to 1: (1, 17, 2)."""
        maps = super().forward(image)
        height, width = maps.shape[2:]
        chance = maps.flatten(2).softmax(-1).reshape(maps.shape)
        x = (chance.sum(2) * torch.linspace(0, 1, width)).sum(-1)
        y = (chance.sum(3) * torch.linspace(0, 1, height)).sum(-1)
        return torch.stack([x, y], -1)


class SuperPoint(nn.Module):  # type: ignore[misc]
    """
    Interest points and descriptors.

    :param whole: with all that follows the heads, else these alone.
    """

    def __init__(self, whole: bool) -> None:
        super().__init__()
        pool = nn.MaxPool2d(2)
        self.see = nn.Sequential(
            *(block(1, 32), pool, block(32, 64), pool, block(64, 64), pool, block(64, 64))
        )
        self.points = nn.Sequential(block(64, 128), nn.Conv2d(128, 65, 1))
        self.words = nn.Sequential(block(64, 128), nn.Conv2d(128, 128, 1))
        self.whole = whole

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Return a map of points, and descriptors (1, 128, H / 8, W / 8)."""
        x = self.see(image)
        points, words = self.points(x), self.words(x)
        if not self.whole:
            return points, words
        points = functional.pixel_shuffle(points.softmax(1)[:, :-1], 8)
        peaks = points == functional.max_pool2d(points, 9, 1, 4)
        return torch.where(peaks, points, torch.zeros_like(points)), functional.normalize(words)


class PoseNet(nn.Module):  # type: ignore[misc]
    """Where a camera is: a position and a quaternion of length one."""

    def __init__(self) -> None:
        super().__init__()
        self.see = nn.Sequential(block(3, 32, 2), block(32, 64, 2), block(64, 128, 2))
        self.head = nn.Linear(128, 7)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Return position (1, 3) and quaternion (1, 4)."""
        position, turn = self.head(self.see(image).mean((2, 3))).split([3, 4], 1)
        return position, turn / turn.norm(dim=1, keepdim=True)


class Stereo(nn.Module):  # type: ignore[misc]
    """Disparity of two images: a volume of correlations, and its soft minimum."""

    def __init__(self, disparities: int = 24) -> None:
        super().__init__()
        self.see = nn.Sequential(block(3, 16, 2), block(16, 32, 2))
        self.judge = nn.Conv2d(disparities, disparities, 3, padding=1)
        self.disparities = disparities

    def forward(self, left: Tensor, right: Tensor) -> Tensor:
        """Return the disparity of each pixel: (1, H / 4, W / 4)."""
        a, b = self.see(left), self.see(right)
        shifted = [
            (a * functional.pad(b, (d, 0))[..., : a.shape[3]]).mean(1)
            for d in range(self.disparities)
        ]
        chance = self.judge(torch.stack(shifted, 1)).softmax(1)
        return (chance * torch.arange(self.disparities).view(1, -1, 1, 1)).sum(1)


class BirdsEye(nn.Module):  # type: ignore[misc]
    """A camera's view from above: each column of the image becomes a ray of a map."""

    def __init__(self) -> None:
        super().__init__()
        self.see = nn.Sequential(block(3, 32, 2), block(32, 64, 2), block(64, 64, 2))
        self.ray = nn.Linear(16, 32)
        self.head = nn.Conv2d(64, 4, 3, padding=1)

    def forward(self, image: Tensor) -> Tensor:
        """Return the classes of a map: (1, 4, 32, W / 8)."""
        x = self.see(image)
        return self.head(torch.relu(self.ray(x.permute(0, 1, 3, 2))).permute(0, 1, 3, 2))


class Detr(nn.Module):  # type: ignore[misc]
    """Detection by questions to a transformer, as DETR does it, small."""

    def __init__(self, width: int = 64, queries: int = 25) -> None:
        super().__init__()
        self.see = nn.Sequential(*(block(a, b, 2) for a, b in ((3, 16), (16, 32), (32, 64))))
        self.project = nn.Conv2d(64, width, 1)
        self.transformer = nn.Transformer(width, 4, 2, 2, 128, batch_first=True)
        self.queries = nn.Parameter(torch.randn(1, queries, width))
        self.rows = nn.Parameter(torch.randn(50, width // 2))
        self.columns = nn.Parameter(torch.randn(50, width // 2))
        self.scores = nn.Linear(width, 81)
        self.boxes = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 4))

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Return scores (1, 25, 81) and boxes (1, 25, 4)."""
        x = self.project(self.see(image))
        height, width = x.shape[2:]
        columns = self.columns[:width].unsqueeze(0).repeat(height, 1, 1)
        rows = self.rows[:height].unsqueeze(1).repeat(1, width, 1)
        places = torch.cat([columns, rows], -1).flatten(0, 1)[None]
        y = self.transformer(x.flatten(2).transpose(1, 2) + places, self.queries)
        return self.scores(y), self.boxes(y).sigmoid()
