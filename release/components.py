"""What each extra installs, as the environment has it that releases, and what bundles embed."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
import re
import sys
from xml.etree import ElementTree

from packaging.requirements import Requirement

from edge_compiler.toolchain.acl import ACL_VERSION
from release.facts import NAME

EXTRAS = (
    *("runtime", "compiler", "robot", "bags", "signed", "nanomsg", "remote", "cloud", "sensors"),
    "ros",
)
"""Those of users whose packages ``make setup`` installs."""
_UNSTATED = "not stated by the package"


@dataclass
class Component:
    """
    Something that others have made.

    :ivar license: an expression of SPDX, or what its authors call it.
    :ivar extras: by which it is installed; none: a bundle embeds it.
    :ivar needs: names of others that it needs.
    """

    name: str
    version: str
    license: str
    extras: set[str] = field(default_factory=set)
    needs: set[str] = field(default_factory=set)


EMBEDDED = (
    Component("Arm Compute Library", ACL_VERSION, "MIT"),
    Component("libstdc++", "of the compiler", "GPL-3.0-or-later WITH GCC-exception-3.1"),
    Component("libgcc", "of the compiler", "GPL-3.0-or-later WITH GCC-exception-3.1"),
)
"""What the libraries of the targets NAME-acl are linked with statically."""


def installed() -> dict[str, Component]:
    """
    Return, by name, what the extras install, all that it needs included.

    :raises PackageNotFoundError: if something of it isn't there.
    """
    found: dict[str, Component] = {}
    for extra in EXTRAS:
        _add(_normal(NAME), frozenset({extra}), extra, found, set())
    del found[_normal(NAME)]  # whose extras include others of it
    return dict(sorted(found.items()))


def _add(
    name: str,
    wanted: frozenset[str],
    extra: str,
    found: dict[str, Component],
    done: set[tuple[str, frozenset[str]]],
) -> None:
    """
    Add a distribution, and what it needs.

    :param wanted: its own extras that are asked for.
    :param extra: of ours, on whose behalf.
    :param done: what was added on its behalf.
    """
    if (name, wanted) in done:
        return
    done.add((name, wanted))
    one = metadata.distribution(name)
    component = found.setdefault(name, Component(name, one.version, _license(one)))
    component.extras.add(extra)
    for text in one.requires or ():
        need = Requirement(text)
        if need.marker is None or any(
            need.marker.evaluate({"extra": own}) for own in wanted or {""}
        ):
            component.needs.add(_normal(need.name))
            _add(_normal(need.name), frozenset(need.extras), extra, found, done)


def _normal(name: str) -> str:
    """Return a name as PyPI compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _license(one: metadata.Distribution) -> str:
    """Return what a distribution says of its licence; those of ROS have a file that does."""
    stated = one.metadata.get_all("License-Expression") or []
    short = [text for text in one.metadata.get_all("License") or [] if 0 < len(text) < 60]
    classifiers = [
        text.rpartition(" :: ")[2]
        for text in one.metadata.get_all("Classifier") or []
        if text.startswith("License ::")
    ]
    for texts in (stated, short, classifiers, _of_ros(one.metadata["Name"])):
        if texts:
            return " or ".join(texts)
    return _UNSTATED


def _of_ros(name: str) -> list[str]:
    package = _normal(name).removeprefix("ros-").removeprefix("kilted-").replace("-", "_")
    file = Path(sys.prefix, "share", package, "package.xml")
    if not file.is_file():
        return []
    return [one.text or "" for one in ElementTree.parse(file).getroot().iter("license")]
