"""The messages and services: the files that they are made from."""

from __future__ import annotations

from edge_perception.share import share_dir
from reference_pages.markdown import block


def page() -> str:
    """Return the page of the package's own messages and services."""
    parts = [
        "# Messages and services",
        "Beside the standard messages of ROS 2, robots exchange these of the package "
        "`edge_perception`. On every transport the bytes are ROS 2's CDR. In Python without ROS: "
        "`from edge_perception.messages.types import Decision`.",
    ]
    for folder in ("msg", "srv"):
        for path in sorted((share_dir() / folder).glob(f"*.{folder}")):
            parts += [
                f"## edge_perception/{folder}/{path.stem}",
                block(path.read_text("utf-8"), "text"),
            ]
    return "\n\n".join(parts)
