"""Enrol those whom a robot shall know: from pictures to the owners' file of a pipeline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations
import os
from pathlib import Path
import tempfile

import numpy as np
import numpy.typing as npt

from edge_perception.core.environment import Environment
from edge_perception.core.image import Pixels
from edge_perception.core.node import ConfigurationError
from edge_perception.core.perception import description, owners, stages
from edge_perception.core.perception.description import Description, StageRequest
from edge_perception.core.perception.model import ModelRequest
from edge_perception.core.perception.owners import Owners
from edge_perception.core.perception.pipeline import Pipeline
from edge_perception.core.perception.runner import View
from edge_perception.core.perception.stages.embed import Embed
from edge_perception.core.source import Frame
from edge_perception.core.whole_file import FileError
from edge_perception.robot.plan import RequestError
from edge_perception.robot.shots import ShotError, shots
from edge_perception.runtime import BundleError

_IDENTIFY = "identify"
_Floats = npt.NDArray[np.float32]


class EnrolmentError(RequestError):
    """Somebody can't be enrolled or forgotten: why, and what to do."""


@dataclass(frozen=True)
class Register:
    """
    The owners' file that a pipeline reads.

    :ivar path: of the file, which need not exist.
    :ivar before: the stages before the one that identifies, without deadlines, and without those
        that make nothing of a single picture.
    :ivar distance: the greatest cosine distance at which two embeddings are of one owner; 0: as
        their model says.
    """

    path: Path
    before: Description
    distance: float


def find(pipeline: Path, environment: Environment) -> Register:
    """
    Find the owners' file of a pipeline's description.

    :raises EnrolmentError: if the description can't be read, or nobody is identified by it.
    """
    if not description.is_one(str(pipeline)):
        raise EnrolmentError(
            f"{pipeline} is not the description of a pipeline: give the file (NAME.yaml) with the "
            f"stage {_IDENTIFY!r}, which names the owners' file"
        )
    try:
        found = description.load(ModelRequest(str(pipeline)), environment.read_file)
    except FileError as error:
        raise EnrolmentError(f"the pipeline can't be used: {error}") from error
    kinds = [stage.kind for stage in found.stages]
    if _IDENTIFY not in kinds:
        raise EnrolmentError(f"{pipeline} has no stage of the kind {_IDENTIFY!r}: add one")
    at = kinds.index(_IDENTIFY)
    stage: StageRequest = found.stages[at]
    if not stage.options.text("owners"):
        raise EnrolmentError(f"{pipeline}: the stage {stage.name} names no owners' file")
    before = [
        replace(one, deadline=0) for one in found.stages[:at] if stages.find(one.kind).sees_stills
    ]
    return Register(
        found.folder / stage.options.text("owners"),
        replace(found, stages=before),
        stage.options.number("distance"),
    )


def enrol(
    register: Register, name: str, pictures: Sequence[str], environment: Environment
) -> Owners:
    """
    Put somebody into the owners' file, in the place of older pictures of the same name.

    :param pictures: files of which each shows this one alone, or cameras that sometimes do.
    :returns: all owners.
    :raises EnrolmentError: if a picture shows nobody or several, if the pictures disagree, or
        are like those of another owner.
    """
    try:
        owners.check_name(name)
        pipeline = Pipeline(register.before, environment)
    except (ValueError, BundleError, ConfigurationError) as error:
        raise EnrolmentError(str(error)) from error
    try:
        embed = _last_embed(pipeline)
        taken = [
            shot
            for spec in pictures
            for shot in shots(spec, partial(_embedding, pipeline), environment)
        ]
    except ShotError as error:
        raise EnrolmentError(str(error)) from error
    finally:
        pipeline.close()
    vectors = [vector for _, vector in taken]
    most = register.distance or embed.space.distance
    _check_agreement(taken, most)
    known = read(register, environment)
    others = {other: rows for other, rows in known.vectors.items() if other != name}
    if others and known.model != embed.facts.sha256:
        raise EnrolmentError(
            f"{register.path} holds embeddings of another model than {embed.facts.name}: remove "
            f"{' and '.join(sorted(others))}, and enrol them again with this model"
        )
    _check_difference(vectors, others, most)
    everybody = Owners(embed.facts.sha256, {**others, name: np.stack(vectors)})
    _write(register.path, everybody.to_json())
    return everybody


def remove(register: Register, name: str, environment: Environment) -> None:
    """
    Take somebody out of the owners' file; the file goes with the last one.

    :raises EnrolmentError: if there is no such owner.
    """
    known = read(register, environment)
    if name not in known.vectors:
        raise EnrolmentError(f"{name!r} is no owner; there are {', '.join(known.names) or 'none'}")
    rest = {other: rows for other, rows in known.vectors.items() if other != name}
    if rest:
        _write(register.path, Owners(known.model, rest).to_json())
    else:
        register.path.unlink()


def read(register: Register, environment: Environment) -> Owners:
    """
    Read the owners' file, which does not exist while nobody is enrolled.

    :raises EnrolmentError: if it can't be used.
    """
    if not register.path.exists():
        return Owners("", {})
    try:
        return owners.load(register.path, environment.read_file)
    except ConfigurationError as error:
        raise EnrolmentError(str(error)) from error


def _last_embed(pipeline: Pipeline) -> Embed:
    for stage in reversed(pipeline.stages):
        if isinstance(stage, Embed):
            return stage
    raise EnrolmentError("the pipeline has no stage of the kind 'embed': add one")


def _embedding(pipeline: Pipeline, picture: str, frame: Frame) -> _Floats:
    """
    Return the embedding of the only one whom a picture shows.

    :raises ShotError: if it shows nobody, or several.
    """
    try:
        found, times = pipeline.run(View(Pixels(frame.data, frame.encoding)), 0, 0)
    except BundleError as error:
        raise ShotError(f"{picture}: {error}") from error
    for stage in times:
        if stage.fault:
            raise ShotError(f"{picture}: the stage {stage.name} fails: {stage.fault}")
    vectors = [vector for vector in found.embeddings or () if len(vector)]
    if len(vectors) != 1:
        seen = f"{len(vectors)} of those" if vectors else "none"
        raise ShotError(
            f"{picture} must show one alone to be embedded, but shows {seen}; take a picture "
            "with one face, large and from the front"
        )
    return vectors[0]


def _check_agreement(taken: Sequence[tuple[str, _Floats]], most: float) -> None:
    for (one, first), (other, second) in combinations(taken, 2):
        if (distance := 1 - float(first @ second)) > most:
            raise EnrolmentError(
                f"{one} and {other} don't show the same one: their distance is {distance:.2f}, "
                f"the greatest allowed is {most:g}; leave one of them out"
            )


def _check_difference(vectors: Sequence[_Floats], others: dict[str, _Floats], most: float) -> None:
    for name, rows in others.items():
        if (distance := 1 - float((rows @ np.stack(vectors).T).max())) <= most:
            raise EnrolmentError(
                f"the pictures are like those of {name} (distance {distance:.2f}, the greatest "
                f"allowed for one owner is {most:g}): the robot could not tell them apart"
            )


def _write(path: Path, content: str) -> None:
    """Write a file that only its owner can read, as a whole or not at all."""
    try:
        descriptor, partial = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
        try:
            with open(descriptor, "w", encoding="utf-8") as file:  # of mode 0600
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(partial, path)
        except BaseException:
            os.unlink(partial)
            raise
    except OSError as error:
        raise EnrolmentError(f"{path} can't be written: {error.strerror}") from error
