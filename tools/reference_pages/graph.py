"""Graph files: their keys, and the arguments of the package's own."""

from __future__ import annotations

from edge_perception.nodes import base
from edge_perception.robot import graph
from edge_perception.robot.graph import Argument
from reference_pages.keys import keys_table
from reference_pages.markdown import code, prose, table


def page() -> str:
    """Return the page of graph files."""
    kinds = ", ".join(f"[{kind}](nodes.md#{kind})" for kind in base.names())
    return "\n\n".join(
        (
            "# Keys of graph files",
            "The nodes of a robot, and what is given at its start: "
            "[config/robot.yaml](../source/config/robot.yaml.md), or a file of your own "
            "([another robot](../ros.md#another-robot)). `edge-robot check FILE` checks one, "
            "`edge-robot graph --graph FILE` draws it. A mistake is named with line and column.",
            keys_table(graph.TOP),
            "## nodes",
            f"By name, which has letters, digits and _. Kinds: {kinds}.",
            keys_table(graph.NODE),
            "## arguments",
            "Each is an argument of the launch file and an option of `edge-robot up`. It has a "
            "description, and one key that says what its value does.",
            keys_table(graph.ARGUMENT),
            "## Arguments of config/robot.yaml",
            table(("argument", "does", "meaning"), map(_row, graph.load().arguments)),
        )
    )


def _row(argument: Argument) -> tuple[str, str, str]:
    target = f"{argument.node}.{argument.parameter}" if argument.parameter else argument.topic
    does = f"{argument.effect.value} {code(target)}"
    return code(argument.name), does, prose(argument.description)
