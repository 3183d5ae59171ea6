"""
Makes the network of digits as PyTorch exports it, and what that computes with it.

``python make_pytorch.py`` runs in an environment with torch 2.13, scikit-learn and Pillow.
"""

from __future__ import annotations

from given import FOLDER, pictures, store, weights
import torch
from train import Net


class Scores(torch.nn.Module):
    """The trained network with its probabilities."""

    def __init__(self, net: Net) -> None:
        super().__init__()
        self.net = net

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Return the probability of each digit."""
        return torch.softmax(self.net(image), 1)


def main() -> None:
    """Write the program and its scores."""
    net = Net()
    state = {name: torch.tensor(array) for name, array in weights().items()}
    net.load_state_dict({**state, "norm.num_batches_tracked": torch.tensor(0)})
    model = Scores(net).eval()
    images = torch.tensor(pictures().transpose(0, 3, 1, 2))
    program = torch.export.export(model, (images[:1],))
    for made in program.graph.nodes:
        made.meta.pop("stack_trace", None)  # which names files of the machine
    torch.export.save(program, FOLDER / "digits.pt2")
    store("pytorch", [model(image[None]).detach().numpy() for image in images])


if __name__ == "__main__":
    main()
