"""Makes ``net.pt2``, a small network as PyTorch exports it, and ``net.npz``, what it computes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

FOLDER = Path(__file__).parent


class Net(torch.nn.Module):
    """A convolution with its normalisation, and a classifier of the mean."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = torch.nn.Conv2d(3, 8, 3, padding=1)
        self.norm = torch.nn.BatchNorm2d(8)
        self.classes = torch.nn.Linear(8, 5)
        self.norm.running_mean.uniform_()
        self.norm.running_var.uniform_(0.5, 2)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Return the probabilities of five classes."""
        x = torch.relu(self.norm(self.conv(image)))
        return self.classes(x.mean((2, 3))).softmax(-1)


if __name__ == "__main__":
    torch.manual_seed(0)
    net, image = Net().eval(), torch.randn(1, 3, 16, 16)
    program = torch.export.export(net, (image,))
    for made in program.graph.nodes:
        made.meta.pop("stack_trace", None)  # which names files of the machine
    torch.export.save(program, FOLDER / "net.pt2")
    np.savez(FOLDER / "net.npz", image=image.numpy(), softmax=net(image).detach().numpy())
