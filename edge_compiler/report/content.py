"""What a report says: the content of ``report.json``, from which the page is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from edge_compiler.ir.graph import Graph, Node
from edge_compiler.profiling import Profile
from edge_perception.runtime.manifest import Manifest
from edge_perception.runtime.record import Record

TIMES = ("milliseconds", "share", "gflops", "share_of_peak")
"""What a step of the report takes from the profile, beside what the manifest says of it."""


@dataclass(frozen=True)
class Measured:
    """
    What was found out while a bundle was made, beside its manifest.

    :ivar errors: worst relative error of each step; None for one without a counterpart.
    :ivar profile: times of one thread; None if the library can't run on this machine itself.
    :ivar before: the graph as it was read, by ``outline``.
    :ivar after: the graph after the passes.
    """

    errors: Sequence[float | None]
    profile: Profile | None
    before: list[dict[str, Any]]
    after: list[dict[str, Any]]


def outline(graph: Graph) -> list[dict[str, Any]]:
    """
    Return the nodes of a graph, each with the numbers of those that it reads.

    Nodes that don't depend on an input are left out: they only make constants, by the hundred.
    """
    computed = set(graph.inputs)
    nodes = []
    for node in graph.nodes:
        if not computed.isdisjoint(node.reads()):
            nodes.append(node)
            computed.update(node.outputs)
    writer = {value: i for i, node in enumerate(nodes) for value in node.outputs}
    return [
        {
            "name": node.name,
            "operator": _operator(node),
            "shape": list(node.output.shape),
            "nodes": list(node.origins),
            "reads": sorted({writer[v] for v in node.reads() if v in writer}),
        }
        for node in nodes
    ]


def _operator(node: Node) -> str:
    """Return a node's operator and what is fused into it, as a person would write it."""
    residual = "" if node.fused.residual is None else " + residual"
    activation = "" if node.fused.activation is None else f" + {node.fused.activation}"
    return node.op + residual + activation


def content(manifest: Manifest, record: Record, measured: Measured) -> dict[str, Any]:
    """Return the content of ``report.json``."""
    model = asdict(manifest.model)
    profile = None if measured.profile is None else asdict(measured.profile)
    times = [{}] * len(model["steps"]) if profile is None else profile.pop("steps")
    steps = [
        step | {key: time.get(key) for key in TIMES} | {"error": error}
        for step, time, error in zip(model["steps"], times, measured.errors, strict=True)
    ]
    del model["labels"]  # by the thousand, and in the manifest
    return model | {
        "created": record.created,
        "proof": asdict(manifest.proof),
        "accuracy": None if manifest.accuracy is None else asdict(manifest.accuracy),
        "pruning": None if manifest.pruning is None else asdict(manifest.pruning),
        "speed": None if record.speed is None else asdict(record.speed),
        "profile": profile,
        "fusions": [asdict(fusion) for fusion in manifest.fusions],
        "steps": steps,
        "graphs": {"before": measured.before, "after": measured.after},
    }
