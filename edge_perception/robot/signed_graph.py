"""The graph of a robot that trusts somebody: signed, or nothing of it is used."""

from __future__ import annotations

from pathlib import Path

from edge_perception.core.parameters import ParameterError
from edge_perception.core.trust import find_keys, signed_only, TRUSTED_KEYS
from edge_perception.files import read_file
from edge_perception.robot import graph
from edge_perception.robot.graph import Graph
from edge_perception.robot.parameter_files import ParameterFile
from edge_perception.robot.plan import RequestError


def load(path: Path | None, trusted_keys: str = "", parameters_file: str = "") -> Graph:
    """
    Read a graph, if it is signed by a key that the start of the robot names, should it name any.

    The keys can't be those that the graph itself sets: it isn't read before it is trusted.

    :param path: the graph of this package, which needs no signature, if it is not given
    :param trusted_keys: as the argument of that name has them; empty: those of the file count
    :param parameters_file: a ROS parameter file; empty: there is none
    :raises FileError: if it is not signed, or at the first mistake in it
    :raises RequestError: if the keys are none
    :raises ParameterFileError: if the parameter file can't be read
    """
    if path is None:
        return graph.load()
    try:
        keys = find_keys(trusted_keys)
        if not keys and parameters_file:
            found = ParameterFile(parameters_file).of_any(TRUSTED_KEYS.name)
            keys = [key for value in found for key in find_keys(value)]
    except ParameterError as error:
        raise RequestError(str(error)) from error
    return graph.load(path, signed_only(read_file, keys)) if keys else graph.load(path)
