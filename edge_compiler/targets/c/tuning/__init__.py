"""Choosing kernels by measuring them on this machine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
import hashlib
from pathlib import Path
import tempfile
from typing import TYPE_CHECKING

from edge_compiler import toolchain
from edge_compiler.ir.graph import Graph
from edge_compiler.machine import cache_bytes, processor_features, processor_identity, user_cache
from edge_compiler.sandbox import NativeSandbox
from edge_compiler.targets.base import Description, Progress
from edge_compiler.targets.c.build import COMMON_FLAGS, compiler_version
from edge_compiler.targets.c.candidates import candidates
from edge_compiler.targets.c.choice import Algorithm, Choice, fastest, Problem
from edge_compiler.targets.c.cost import Estimated, weights_in
from edge_compiler.targets.c.lowering import lower
from edge_compiler.targets.c.program import Program
from edge_compiler.targets.c.tuning.store import Conditions, Store, Times
from edge_compiler.targets.c.tuning.trials import make_trials, Task
from edge_compiler.targets.c.variants import Variant

if TYPE_CHECKING:
    from edge_compiler.targets.c.target import CTarget

_KERNELS = Path(__file__).parents[1] / "kernels"
CANDIDATES_PER_LIBRARY = 48
"""Enough to keep several compilers busy; little is lost when it is interrupted."""
MEASURE_SECONDS = 3.0


@dataclass(frozen=True)
class Measured:
    """
    Chooses what was fastest; what was not measured is left to the estimate.

    :ivar threads: that it was measured with.
    """

    estimated: Estimated
    threads: int
    times: dict[Problem, Times] = field(default_factory=dict)

    @property
    def variant(self) -> Variant:
        """The instruction set that was measured."""
        return self.estimated.variant

    def choose(
        self, problem: Problem, variant: Variant, algorithm: Algorithm | None = None
    ) -> Choice:
        """Return the candidate that was fastest."""
        times = self.times.get(problem) if variant == self.variant else None
        if times is None:
            return self.estimated.choose(problem, variant, algorithm)
        found = [t for t in times.items() if algorithm is None or t[0].algorithm == algorithm]
        how = "tuned" if self.threads == 1 else f"tuned for {self.threads} threads"
        return fastest(problem, found, how)


def tune(target: CTarget, graph: Graph, threads: int, progress: Progress) -> Measured:
    """
    Measure the candidates of every convolution of a graph with the best instruction set here.

    Each library's measurements are kept when they are made; what is known is not measured again.
    """
    variant = best_here(target.variants)
    chooser = Measured(Estimated.of(variant, graph), threads)
    program = lower(graph, chooser)
    evict, store = _conditions(graph, variant, threads)
    tasks = []
    for task in _tasks(graph, program, variant):
        known = store.get(task.problem, task.candidates)
        if known is None:
            tasks.append(task)
        else:
            chooser.times[task.problem] = known
    done, total = len(chooser.times), len(chooser.times) + len(tasks)
    for batch in _batches(tasks):
        progress("tuning", done, total)
        for problem, times in _measure(target, batch, variant, threads, evict).items():
            store.put(problem, times)
            chooser.times[problem] = times
        done += len(batch)
    progress("tuning", done, total)
    return chooser


def best_here(variants: Sequence[Variant]) -> Variant:
    """Return the first instruction set that this machine's processor has."""
    has = processor_features()
    return next((v for v in variants if has.issuperset(v.features)), variants[-1])


def _conditions(graph: Graph, variant: Variant, threads: int) -> tuple[int, Store]:
    """Return how many bytes are read between measurements, and where these are kept."""
    source = weights_in(graph, cache_bytes(3, threads))
    kernels = hashlib.sha256(" ".join(COMMON_FLAGS + variant.flags).encode())
    for path in sorted(_KERNELS.glob("*.h")):
        kernels.update(path.read_bytes())
    conditions = Conditions(
        processor=processor_identity(),
        compiler=compiler_version(toolchain.get("host").find_compiler()),
        kernels=kernels.hexdigest()[:16],
        variant=variant.name,
        threads=threads,
        weights_in=source,
    )
    forget = cache_bytes(2 if source == "L3" else 3, threads)
    return 2 * forget, Store(user_cache() / "tune", conditions)


def _tasks(graph: Graph, program: Program, variant: Variant) -> Iterator[Task]:
    """Yield each problem once."""
    nodes, seen = {node.name: node for node in graph.nodes}, set()
    for step in program.steps:
        problem = step.choose(variant).problem if step.choose else None
        if problem is not None and problem not in seen:
            seen.add(problem)
            yield Task(problem, nodes[step.name], tuple(candidates(problem, variant)))


def _batches(tasks: Sequence[Task]) -> Iterator[list[Task]]:
    batch: list[Task] = []
    for task in tasks:
        batch.append(task)
        if sum(len(task.candidates) for task in batch) >= CANDIDATES_PER_LIBRARY:
            yield batch
            batch = []
    if batch:
        yield batch


def _measure(
    target: CTarget, tasks: list[Task], variant: Variant, threads: int, evict: int
) -> dict[Problem, Times]:
    """Compile the candidates into one library and return the shortest time of each."""
    trials = make_trials(tasks, variant)
    with tempfile.TemporaryDirectory(prefix="edgec-tune-") as folder:
        target.only(variant).build_program(
            trials.graph, trials.program, Description("trials", ""), Path(folder), _silent
        )
        with NativeSandbox(Path(folder) / "model.so") as sandbox:
            shortest = sandbox.step_times(variant.name, threads, MEASURE_SECONDS, evict)
    times: dict[Problem, Times] = {task.problem: {} for task in tasks}
    for indices, problem, candidate in trials.steps:
        times[problem][candidate] = round(sum(shortest[index] for index in indices), 3)
    return times


def _silent(what: str, done: int, total: int) -> None:
    """Show no progress: that of the tuning is shown."""
