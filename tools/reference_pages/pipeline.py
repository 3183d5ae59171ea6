"""Pipeline files: their keys, and the options of each kind of stage."""

from __future__ import annotations

from collections.abc import Iterator
import inspect

from edge_perception.core.parameters import Parameters
from edge_perception.core.perception import description, remote, stages
from edge_perception.core.perception.stage import Stage
from reference_pages.keys import keys_table
from reference_pages.markdown import code, prose, table


def page() -> str:
    """Return the page of pipeline files."""
    parts = [
        "# Keys of pipeline files",
        "A pipeline takes the place of a bundle (`model:=NAME.yaml`); "
        "[Perception](../perception.md) explains them by examples. Files are meant from the "
        "folder of the description. A mistake is named with line and column.",
        keys_table(description.KEYS),
        "## stages",
        "Of every stage, in addition to the options of its kind:",
        keys_table(description.COMMON),
        "Of those that run a model:",
        keys_table(description.OF_MODELS),
        "Of those that may ask a server:",
        keys_table(description.ASKING),
    ]
    for kind in stages.kinds():
        parts += [f"## {kind}", *_stage(stages.find(kind))]
    parts += [
        "## remote",
        "See [a server's answer](../perception.md#a-servers-answer).",
        keys_table(remote.KEYS),
        "### credentials",
        keys_table(remote.FILES),
    ]
    return "\n\n".join(parts)


def _stage(stage: type[Stage]) -> Iterator[str]:
    yield prose((inspect.getdoc(stage) or "").partition("\n:")[0])
    needs = ["runs a model" if stage.runs_model else "runs no model"]
    needs += ["may ask a server"] if stage.may_ask else []
    ports = stage.inputs(Parameters(stage.parameters))
    needs += [f"reads {code(port.topic)}" for port in ports]
    yield f"It {', '.join(needs)}."
    if stage.parameters:
        yield table(
            ("option", "default", "takes", "meaning"),
            (
                (
                    code(one.name),
                    code(repr(one.default)),
                    one.expectation(),
                    prose(one.description),
                )
                for one in stage.parameters
            ),
        )
