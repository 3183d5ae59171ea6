"""
Networks that robotics engineers write themselves, in PyTorch: policies, sensors, sound.

Each stands for a kind, and is as small as that kind usually is. All weights are random.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TypeAlias

import torch
from torch import nn
from torch.nn import functional

Tensor: TypeAlias = torch.Tensor


def perceptron(widths: Sequence[int], activation: Callable[[], nn.Module]) -> nn.Sequential:
    """Return linear layers with activations between them."""
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(widths):
        layers += [nn.Linear(inputs, outputs), activation()]
    return nn.Sequential(*layers[:-1])


class Policy(nn.Module):  # type: ignore[misc]
    """Locomotion as PPO of rsl_rl exports it: observations are normalised, then ELU layers."""

    def __init__(self) -> None:
        super().__init__()
        self.mean = nn.Parameter(torch.randn(48))
        self.deviation = nn.Parameter(torch.rand(48) + 0.5)
        self.layers = perceptron([48, 512, 256, 128, 12], nn.ELU)

    def forward(self, observation: Tensor) -> Tensor:
        """Return 12 joint targets: (1, 12)."""
        return self.layers((observation - self.mean) / (self.deviation + 1e-2))


class SoftActor(nn.Module):  # type: ignore[misc]
    """The actor of soft actor-critic: a squashed Gaussian's mean, and its deviation."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = perceptron([24, 256, 256, 8], nn.ReLU)

    def forward(self, state: Tensor) -> tuple[Tensor, Tensor]:
        """Return action and deviation: (1, 4) each."""
        mean, logarithm = self.layers(state).chunk(2, dim=-1)
        return torch.tanh(mean), torch.exp(logarithm.clamp(-20, 2))


class LstmPolicy(nn.Module):  # type: ignore[misc]
    """A policy with memory, a step at a time: its state goes in and comes out."""

    def __init__(self) -> None:
        super().__init__()
        self.memory = nn.LSTM(48, 128)
        self.head = perceptron([128, 64, 12], nn.ELU)

    def forward(self, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return action (1, 12) and the next state, (1, 1, 128) twice."""
        y, (h, c) = self.memory(x[None], (h, c))
        return self.head(y[0]), h, c


class VisualPolicy(nn.Module):  # type: ignore[misc]
    """A camera and a robot's state become a twist."""

    def __init__(self) -> None:
        super().__init__()
        self.see = nn.Sequential(
            *(nn.Conv2d(3, 32, 8, 4), nn.ReLU(), nn.Conv2d(32, 64, 4, 2), nn.ReLU()),
            *(nn.Conv2d(64, 64, 3), nn.ReLU(), nn.Flatten(), nn.Linear(3136, 256), nn.ReLU()),
        )
        self.act = perceptron([256 + 9, 128, 2], nn.Tanh)

    def forward(self, image: Tensor, state: Tensor) -> Tensor:
        """Return speed and turn: (1, 2)."""
        return torch.tanh(self.act(torch.cat([self.see(image / 255.0), state], 1)))


class DiffusionStep(nn.Module):  # type: ignore[misc]
    """A step of a diffusion policy: noise in 16 actions, told the time and what is seen."""

    def __init__(self) -> None:
        super().__init__()
        self.time = perceptron([64, 128, 64], nn.Mish)
        self.down = nn.Conv1d(7, 64, 5, padding=2)
        self.norm = nn.GroupNorm(8, 64)
        self.film = nn.Linear(64 + 32, 128)
        self.shorter = nn.Conv1d(64, 64, 3, 2, 1)
        self.up = nn.ConvTranspose1d(64, 64, 4, 2, 1)
        self.last = nn.Conv1d(64, 7, 1)

    def forward(self, actions: Tensor, step: Tensor, seen: Tensor) -> Tensor:
        """Return the noise: (1, 7, 16)."""
        angle = step[:, None] * torch.exp(torch.arange(32) * (-9.21 / 31))
        told = torch.cat([self.time(torch.cat([angle.sin(), angle.cos()], -1)), seen], -1)
        scale, bias = self.film(functional.mish(told))[..., None].chunk(2, 1)
        x = functional.mish(self.norm(self.down(actions))) * scale + bias
        return self.last(self.up(functional.mish(self.shorter(x))) + x)


class ActionChunks(nn.Module):  # type: ignore[misc]
    """Action chunking: a transformer's decoder asks for 20 actions at once."""

    def __init__(self) -> None:
        super().__init__()
        self.see = nn.Sequential(nn.Conv2d(3, 64, 16, 16), nn.ReLU())
        self.state = nn.Linear(14, 64)
        layer = nn.TransformerEncoderLayer(64, 4, 128, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.decoder = nn.TransformerDecoder(
            nn.TransformerDecoderLayer(64, 4, 128, batch_first=True), 2
        )
        self.queries = nn.Parameter(torch.randn(1, 20, 64))
        self.places = nn.Parameter(torch.randn(1, 37, 64))
        self.head = nn.Linear(64, 14)

    def forward(self, image: Tensor, joints: Tensor) -> Tensor:
        """Return 20 actions: (1, 20, 14)."""
        tokens = self.see(image).flatten(2).transpose(1, 2)
        tokens = torch.cat([self.state(joints)[:, None], tokens], 1) + self.places
        return self.head(self.decoder(self.queries, self.encoder(tokens)))


class ImuOdometry(nn.Module):  # type: ignore[misc]
    """Dilated causal convolutions over a second of IMU samples say how far it went."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Conv1d(6 if i == 0 else 32, 32, 3, dilation=2**i) for i in range(5)
        )
        self.head = nn.Linear(32, 6)

    def forward(self, samples: Tensor) -> Tensor:
        """Return displacement and its uncertainty: (1, 6)."""
        x = samples
        for index, layer in enumerate(self.layers):
            y = torch.relu(layer(functional.pad(x, (2 << index, 0))))
            x = x + y if index else y
        return self.head(x[..., -1])


class Activity(nn.Sequential):  # type: ignore[misc]
    """What a wearer does, from an accelerometer: plain 1-D convolutions and pools."""

    def __init__(self) -> None:
        super().__init__(
            *(nn.Conv1d(3, 32, 5), nn.BatchNorm1d(32), nn.ReLU(), nn.MaxPool1d(2)),
            *(nn.Conv1d(32, 64, 5), nn.BatchNorm1d(64), nn.ReLU(), nn.MaxPool1d(2)),
            *(nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Dropout(), nn.Linear(64, 6)),
            nn.LogSoftmax(-1),
        )


class PointNet(nn.Module):  # type: ignore[misc]
    """A cloud of points becomes a class: shared layers, then a maximum over the points."""

    def __init__(self) -> None:
        super().__init__()
        self.turn = perceptron([3, 32, 9], nn.ReLU)
        self.each = nn.Sequential(
            *(nn.Conv1d(3, 64, 1), nn.BatchNorm1d(64), nn.ReLU()),
            *(nn.Conv1d(64, 256, 1), nn.BatchNorm1d(256), nn.ReLU()),
        )
        self.head = perceptron([256, 128, 10], nn.ReLU)

    def forward(self, points: Tensor) -> Tensor:
        """Return scores: (1, 10)."""
        turn = self.turn(points.mean(2)).reshape(1, 3, 3) + torch.eye(3)
        return self.head(self.each(torch.bmm(turn, points)).max(2).values)


class Spotter(nn.Module):  # type: ignore[misc]
    """DS-CNN: keywords in a second of sound, from 10 coefficients of 49 frames."""

    def __init__(self) -> None:
        super().__init__()
        layers = [nn.Conv2d(1, 64, (10, 4), 2, (5, 1)), nn.BatchNorm2d(64), nn.ReLU()]
        for _ in range(4):
            layers += [nn.Conv2d(64, 64, 3, padding=1, groups=64), nn.BatchNorm2d(64), nn.ReLU()]
            layers += [nn.Conv2d(64, 64, 1), nn.BatchNorm2d(64), nn.ReLU()]
        self.layers = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.head = nn.Linear(64, 12)

    def forward(self, sound: Tensor) -> Tensor:
        """Return the chance of each word: (1, 12)."""
        return torch.softmax(self.head(self.layers(sound)), -1)


class RecurrentSpotter(nn.Module):  # type: ignore[misc]
    """Keywords by a GRU over 40 frames of 40 bands."""

    def __init__(self) -> None:
        super().__init__()
        self.memory = nn.GRU(40, 64, num_layers=2, batch_first=True, bidirectional=True)
        self.head = nn.Linear(128, 10)

    def forward(self, sound: Tensor) -> Tensor:
        """Return scores: (1, 10)."""
        return self.head(self.memory(sound)[0][:, -1])


class Anomaly(nn.Module):  # type: ignore[misc]
    """How unusual a motor sounds: an autoencoder's squared error."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = perceptron([640, 128, 128, 8, 128, 128, 640], nn.ReLU)

    def forward(self, sound: Tensor) -> Tensor:
        """Return the error: (1)."""
        return (self.layers(sound) - sound).square().mean(1)
