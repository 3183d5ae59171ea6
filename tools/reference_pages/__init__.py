"""The reference pages of the site, made of the code that they describe."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from reference_pages import (
    bundle,
    c_interface,
    commands,
    graph,
    messages,
    nodes,
    pipeline,
    python,
    rules,
)

PAGES: Mapping[str, Callable[[], str]] = {
    "reference/edgec.md": commands.edgec,
    "reference/edge-robot.md": commands.edge_robot,
    "reference/nodes.md": nodes.page,
    "reference/messages.md": messages.page,
    "reference/bundle.md": bundle.page,
    "reference/graphs.md": graph.page,
    "reference/pipelines.md": pipeline.page,
    "reference/rules.md": rules.page,
    "reference/c.md": c_interface.page,
    "reference/python.md": python.page,
}
"""What writes each page, by its path in the site."""
