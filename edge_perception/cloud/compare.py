"""``edge-robot compare-cloud``: what a robot decides by, and when, with and without a server."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
import itertools
import math
from pathlib import Path
import tempfile

import numpy as np

from edge_perception.cloud import children
from edge_perception.cloud.alone import Alone
from edge_perception.cloud.figures import BUDGET, Figures, figures
from edge_perception.cloud.link import Traffic
from edge_perception.cloud.profiles import Profile
from edge_perception.cloud.record import fields_of, Mode, Order
from edge_perception.core.perception.remote import place, Policy, RemoteRequest
from edge_perception.core.stamps import SECOND
from edge_perception.robot.plan import RequestError
from edge_perception.runtime import BundleError, load

WARM_UP = 2.0
"""Seconds of images before those that count."""
NO_NETWORK = "none"
Progress = Callable[[str, int, int], None]
_LONGEST_WAIT = 10.0  # seconds for an answer of a server that nobody else can give
_RULES = f"""\
version: 1
timeout: {{detections: {BUDGET / 1e3}}}
actions: {{go: {{}}, stop: {{}}}}
default: go
safe: stop
rules: [{{name: something, when: {{label: "*", score: 0.5}}, action: stop}}]
"""
"""Nobody acts on what is older than the budget."""


@dataclass(frozen=True)
class Wanted:
    """
    What is to be compared.

    :ivar model: the bundle.
    :ivar server: who is asked; its deadline is that of `Mode.REMOTE_FIRST`.
    :ivar frames: images of a run at least; a profile may want more.
    :ivar rate: images a second.
    :ivar rules: a rule file; None: rules that take nothing older than the budget.
    :ivar seed: of the links.
    """

    model: Path
    server: RemoteRequest
    profiles: Sequence[Profile]
    camera: str
    frames: int
    rate: float
    rules: Path | None
    seed: int

    def runs(self) -> list[tuple[Profile | None, Mode]]:
        """Return what runs, over which network."""
        asking = (Mode.REMOTE, Mode.REMOTE_FIRST)
        return [(None, Mode.LOCAL), *itertools.product(self.profiles, asking)]

    def count(self, profile: Profile | None) -> int:
        """Return the images of a run over a network."""
        return max(self.frames, math.ceil((profile.seconds if profile else 0.0) * self.rate))


@dataclass(frozen=True)
class Run:
    """One run: over which network, by whom, and what came of it."""

    network: str
    mode: Mode
    figures: Figures


def server(
    url: str, model: str, deadline: float, authorities: Path | None, token: Path | None
) -> RemoteRequest:
    """
    Return a server that is asked, for `Wanted`.

    :param model: by which it knows it.
    :param deadline: in seconds.
    :raises RequestError: if that is none.
    """
    try:
        host, is_encrypted = place(url, authorities is not None or token is not None)
    except ValueError as error:
        raise RequestError(f"--remote: {error}") from error
    waits = round(deadline * SECOND)
    return RemoteRequest(host, is_encrypted, model, Policy.REMOTE_FIRST, waits, authorities, token)


def try_once(model: Path, asked: RemoteRequest) -> None:
    """
    Ask a server once, so that a wrong name is told before anything is measured.

    :raises RequestError: if the bundle can't be used, or the server gives no answer to it.
    """
    try:
        asking = Alone(load(model), replace(asked, deadline=round(_LONGEST_WAIT * SECOND)))
        try:
            asking.run_image(np.zeros((48, 64, 3), np.uint8), "rgb8")
        finally:
            asking.close()
    except BundleError as error:
        raise RequestError(str(error)) from error


def compare(wanted: Wanted, progress: Progress = lambda what, done, total: None) -> Iterator[Run]:
    """
    Run the robot by itself, and with the server over each network, one after the other.

    :param progress: is told what runs, how many images it has seen, and of how many.
    :raises RequestError: if the robot can't be started.
    """
    with tempfile.TemporaryDirectory(prefix="edge-robot-") as folder:
        rules = wanted.rules or Path(folder, "rules.yaml")
        if wanted.rules is None:
            rules.write_text(_RULES, encoding="utf-8")
        for profile, mode in wanted.runs():
            network = NO_NETWORK if profile is None else profile.name
            report = partial(progress, f"{network}: {mode.value}")
            yield Run(network, mode, _run(wanted, rules, profile, mode, report))


def _run(
    wanted: Wanted,
    rules: Path,
    profile: Profile | None,
    mode: Mode,
    report: Callable[[int, int], None],
) -> Figures:
    count = wanted.count(profile)
    order = Order(
        mode,
        str(wanted.model),
        wanted.camera,
        wanted.rate,
        str(rules),
        count,
        math.ceil(WARM_UP * wanted.rate),
    )
    numbers = itertools.count(1)

    def seen() -> None:
        report(next(numbers), count)

    report(0, count)
    if profile is None:
        return figures(children.measured(order, lambda: None, seen), Traffic())
    waits = _LONGEST_WAIT * SECOND if mode is Mode.REMOTE else wanted.server.deadline
    with children.linked(profile, wanted.server, wanted.seed) as link:
        asked = replace(wanted.server, deadline=round(waits), via=link.address)
        order = replace(order, remote=fields_of(asked))
        record = children.measured(order, link.begin, seen)
        return figures(record, link.end())
