"""As much in integers as a budget of accuracy allows: the worst layers return to float32."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
import hashlib
import json
from pathlib import Path

from edge_compiler import ops
from edge_compiler.errors import CompileError
from edge_compiler.ir.graph import Graph
from edge_compiler.machine import NoCacheError, user_cache
from edge_compiler.precision.assign import assign, Assignment, layers
from edge_compiler.precision.judge import Judge, Score
from edge_compiler.precision.session import Session
from edge_compiler.precision.share import Ranges
from edge_compiler.progress import Progress
from edge_perception.runtime.accuracy import CurvePoint

SENSITIVITY_SAMPLES = 16
"""On which each layer is tried alone: enough to tell the worst from the others."""


class OverBudgetError(CompileError):
    """No layer can compute in integers within the budget."""


@dataclass(frozen=True)
class Chosen:
    """
    What computes in integers.

    :ivar floats: names of the layers that returned to float32, the worst first.
    :ivar curve: all that was tried, from most in integers to least.
    """

    assignment: Assignment
    score: Score
    floats: tuple[str, ...]
    curve: tuple[CurvePoint, ...]


class Trials:
    """
    Scores of networks with some layers in float32.

    Each is kept in a file as soon as it is known, so that an interrupted search goes on there.
    """

    def __init__(
        self, graph: Graph, write: Callable[[Assignment], Graph], judge: Judge, file: Path | None
    ) -> None:
        """
        Read what the file has.

        :param write: the graph with these nodes in integers.
        :param file: names all that scores depend on; None: keep nothing.
        """
        self._graph, self._write = graph, write
        self._judge, self._file = judge, file
        self._known: dict[str, Score] = {}
        if file is not None and file.is_file():
            known = json.loads(file.read_text("utf-8"))
            self._known = {key: Score(**value) for key, value in known.items()}

    def score(self, floats: Sequence[str], most: int | None = None) -> Score:
        """
        Return how the network does with these layers in float32.

        :param most: samples at most.
        """
        key = json.dumps([sorted(floats), most])
        if key not in self._known:
            assignment = assign(self._graph, floats)
            self._known[key] = self._judge.judge(Session(self._write(assignment)).run, most)
            self._keep()
        return self._known[key]

    def _keep(self) -> None:
        if self._file is None:
            return
        self._file.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self._file.with_suffix(".new")
        scores = {key: asdict(score) for key, score in self._known.items()}
        unfinished.write_text(json.dumps(scores), "utf-8")
        unfinished.replace(self._file)


def trials_file(ranges: Ranges, largest: int, judge: Judge) -> Path | None:
    """
    Return where the user's cache keeps what follows from ranges and samples; None: nowhere.

    :param largest: of the weights' integers.
    """
    known = [sorted(ranges.items()), largest, judge.digest]
    digest = hashlib.sha256(json.dumps(known).encode())
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.read_bytes())
    try:
        return user_cache() / "precision" / f"{digest.hexdigest()[:32]}.json"
    except NoCacheError:
        return None


def choose(graph: Graph, trials: Trials, budget: float | None, progress: Progress) -> Chosen:
    """
    Return as much as possible in integers, with a drop within the budget.

    :param budget: 0 to 1; None: there is none, and all computes in integers that can.
    :raises OverBudgetError: if nothing is within it.
    """
    floats: list[str] = []
    curve: list[CurvePoint] = []

    def tried() -> Score:
        score = trials.score(floats)
        curve.append(CurvePoint(integer_share(graph, assign(graph, floats)), score.drop))
        return score

    progress("trying it in integers", 0, 0)
    score = tried()
    if budget is not None and score.drop > budget:
        order = _worst_first(graph, trials, progress)
        for number, layer in enumerate(order[:-1]):
            progress("returning layers to float32", number, len(order))
            floats.append(layer)
            score = tried()
            if score.drop <= budget:
                break
        else:
            raise _over_budget(budget, curve)
    return Chosen(assign(graph, floats), score, tuple(floats), tuple(curve))


def integer_share(graph: Graph, assignment: Assignment) -> float:
    """Return the share of the multiply-accumulates that compute in integers."""
    work = {node: ops.macs(node) for node in graph.nodes}
    return sum(work[node] for node in assignment.integer) / max(sum(work.values()), 1)


def _worst_first(graph: Graph, trials: Trials, progress: Progress) -> list[str]:
    """Return the layers by how much noise each alone brings into the outputs, the most first."""
    names = [node.name for node in layers(graph)]
    noise = {}
    for number, name in enumerate(names):
        progress("trying each layer alone", number, len(names))
        others = [other for other in names if other != name]
        noise[name] = trials.score(others, SENSITIVITY_SAMPLES).sqnr_db
    return sorted(names, key=lambda name: noise[name])


def _over_budget(budget: float, curve: Sequence[CurvePoint]) -> OverBudgetError:
    nearest = min(curve, key=lambda point: point.drop)
    return OverBudgetError(
        f"no layer can compute in integers within --max-drop {budget:.2%}: the nearest loses "
        f"{nearest.drop:.2%}, with {nearest.integer_macs:.1%} of the multiply-accumulates in "
        f"integers; allow that with --max-drop {upwards(nearest.drop)}, try another "
        "--calibration-method, or compile in float32"
    )


def upwards(drop: float) -> str:
    """Return a percentage that a drop is within."""
    return f"{-(-drop * 10000 // 1) / 100:g}%"
