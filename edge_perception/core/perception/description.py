"""
The description of a pipeline, read from a YAML file: which stages, with which models and options.

``docs/perception.md`` explains its keys.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from edge_perception.core import located_yaml
from edge_perception.core.environment import ReadFile
from edge_perception.core.keys import Key, Keys, required
from edge_perception.core.located_yaml import Fields, Item
from edge_perception.core.node import Port
from edge_perception.core.parameters import Parameter, ParameterError, Parameters
from edge_perception.core.perception import remote, stages
from edge_perception.core.perception.model import ModelRequest
from edge_perception.core.perception.stage import Stage
from edge_perception.core.stamps import SECOND

VERSION = 1
FIRST = "detect"
"""The kind of the first stage."""

_SUFFIXES = (".yaml", ".yml")
_SOONEST, _LONGEST = 0.001, 60.0
_MOST_URGENT = 1000
_REMOTE = "remote"
KEYS: Keys = {
    "version": Key(str(VERSION), "of the format", True),
    "models": Key(
        "a list of bundles",
        f"short for stages {FIRST} without options, each named as its bundle, before the others",
    ),
    "stages": Key("a list of mappings", "what is done with an image, one after the other"),
}
"""Those of a description: files are meant from its folder."""
COMMON: Keys = {
    "kind": Key("a kind of stage", f"what it does; the first stage is {FIRST}", True),
    "name": Key("a text", "how messages and diagnostics call it; its kind if not given"),
    "deadline": Key(
        f"a number from {_SOONEST:g} to {_LONGEST:g}",
        "age of the image in seconds at which it must be done; none if not given. The first stage "
        "has none",
    ),
}
"""Those of every stage."""
OF_MODELS: Keys = {
    "model": Key("a bundle", "what it runs", True),
    "priority": Key(
        f"a number from {-_MOST_URGENT} to {_MOST_URGENT}",
        "of its model: the most urgent one that shares the threads goes on; the node's parameter "
        "priority if not given",
    ),
}
"""Those of stages that run a model."""
ASKING: Keys = {_REMOTE: Key("a mapping", "a server that is asked, too; nobody if not given")}
"""That of stages that may ask a server."""


@dataclass(frozen=True)
class StageRequest:
    """
    A stage that is wanted.

    :ivar kind: one of `stages.kinds`.
    :ivar name: by which messages and diagnostics call it.
    :ivar model: that it runs; None if its kind runs none.
    :ivar deadline: age of the image at which it must be done [ns]; 0: none.
    :ivar options: those that its kind declares.
    """

    kind: str
    name: str
    model: ModelRequest | None
    deadline: int
    options: Parameters


@dataclass(frozen=True)
class Description:
    """
    A pipeline that is wanted.

    :ivar stages: in the order in which they run, the first one `FIRST`.
    :ivar folder: from which files are meant.
    """

    stages: Sequence[StageRequest]
    folder: Path = Path()

    @property
    def inputs(self) -> tuple[Port, ...]:
        """Return what the stages ask for beside the image."""
        asked = [stages.find(one.kind).inputs(one.options) for one in self.stages]
        return tuple(dict.fromkeys(port for ports in asked for port in ports))


def is_one(path: str) -> bool:
    """Return whether a file is a description, by its name; any other is that of a model."""
    return Path(path).suffix in _SUFFIXES


def of_one(model: ModelRequest) -> Description:
    """Return the description of a single model that looks at the whole image."""
    return Description([StageRequest(FIRST, FIRST, model, 0, Parameters(()))])


def load(model: ModelRequest, read_file: ReadFile) -> Description:
    """
    Read a pipeline.

    :param model: its path is that of the description; the rest is for every stage's model.
    :raises FileError: with line and column of the first mistake.
    """
    path = Path(model.path)
    return read(located_yaml.read(path, read_file), replace(model, path=str(path.parent)))


def read(item: Item, model: ModelRequest) -> Description:
    """
    Read the content of a description.

    :param model: its path is the folder of the description; the rest is for every stage's model.
    :raises FileError: with line and column of the first mistake.
    """
    fields = item.mapping(KEYS, required(KEYS))
    if fields["version"].number(0, 1e9) != VERSION:
        raise fields["version"].error(f"this program reads version {VERSION} of pipelines")
    if not fields.keys() & {"models", "stages"}:
        raise item.error("the key 'stages' is missing, or 'models'")
    wanted = [(one, _detector(one, model)) for one in _listed(fields, "models")]
    wanted += [(one, _stage(one, model)) for one in _listed(fields, "stages")]
    found: list[StageRequest] = []
    for one, stage in wanted:
        if not found and stage.kind != FIRST:
            raise one.error(f"the first stage must be of the kind {FIRST!r}")
        if not found and stage.deadline:
            raise one.error("the first stage has no deadline: without it there is no result")
        if stage.name in (remote.SOURCE, remote.STAMP, *(other.name for other in found)):
            raise one.error(f"the name {stage.name!r} is taken; give this stage another 'name'")
        found.append(stage)
    return Description(found, Path(model.path))


def _listed(fields: Fields, key: str) -> list[Item]:
    return fields[key].sequence() if key in fields else []


def _detector(item: Item, model: ModelRequest) -> StageRequest:
    """Return the stage of a bundle that is only named: its file's name is the stage's."""
    wanted = _bundle(item, model)
    return StageRequest(FIRST, Path(wanted.path).stem, wanted, 0, Parameters(()))


def _bundle(item: Item, model: ModelRequest) -> ModelRequest:
    """Return the request for a bundle, which is meant from the description's folder."""
    return replace(model, path=str(Path(model.path) / item.text()))


def _stage(item: Item, model: ModelRequest) -> StageRequest:
    given = item.mapping(required=required(COMMON))
    kind = given["kind"].choice(stages.kinds(), "kind of stage")
    stage = stages.find(kind)
    declared = {parameter.name: parameter for parameter in stage.parameters}
    keys = keys_of(stage)
    fields = item.mapping([*keys, *declared], required(keys))
    return StageRequest(
        kind,
        fields["name"].text() if "name" in fields else kind,
        _model(fields, model) if stage.runs_model else None,
        _deadline(fields),
        Parameters(
            stage.parameters,
            {name: _option(fields[name], declared[name]) for name in declared if name in fields},
        ),
    )


def keys_of(stage: type[Stage]) -> Keys:
    """Return the keys of a kind of stage, beside its options."""
    return {
        **COMMON,
        **(OF_MODELS if stage.runs_model else {}),
        **(ASKING if stage.may_ask else {}),
    }


def _model(fields: Fields, model: ModelRequest) -> ModelRequest:
    wanted = _bundle(fields["model"], model)
    if "priority" in fields:
        wanted = replace(
            wanted, priority=round(fields["priority"].number(-_MOST_URGENT, _MOST_URGENT))
        )
    if _REMOTE in fields:
        wanted = replace(wanted, remote=remote.read(fields[_REMOTE], Path(model.path)))
    return wanted


def _deadline(fields: Fields) -> int:
    return (
        round(fields["deadline"].number(_SOONEST, _LONGEST) * SECOND)
        if "deadline" in fields
        else 0
    )


def _option(item: Item, parameter: Parameter) -> object:
    try:
        return parameter.accept(item.value())
    except ParameterError as error:
        raise item.error(str(error)) from error
