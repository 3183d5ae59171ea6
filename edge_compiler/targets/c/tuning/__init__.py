"""Choosing kernels by measuring them: on this machine, or in an emulator."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
import hashlib
from pathlib import Path
import tempfile

from edge_compiler.description.describe import Description
from edge_compiler.ir.graph import Graph
from edge_compiler.machine import user_cache
from edge_compiler.progress import Progress
from edge_compiler.targets.c.algorithms import candidates
from edge_compiler.targets.c.choice import cheapest, Choice, choice_of, Problem, Scheme
from edge_compiler.targets.c.cost import Estimated
from edge_compiler.targets.c.headers import HEADERS
from edge_compiler.targets.c.lowering import lower_all
from edge_compiler.targets.c.part import add_kernels
from edge_compiler.targets.c.tuning.meters import Counter, Meter, Stopwatch
from edge_compiler.targets.c.tuning.store import Conditions, Store, Times
from edge_compiler.targets.c.tuning.trials import make_trials, Task
from edge_compiler.targets.program import library
from edge_compiler.targets.program.build import COMMON_FLAGS, compiler_version
from edge_compiler.targets.program.library import LibrarySpec
from edge_compiler.targets.program.platform import Platform
from edge_compiler.targets.program.program import Program
from edge_compiler.targets.program.variants import Variant
from edge_compiler.toolchain.base import Toolchain

CANDIDATES_PER_LIBRARY = 48
"""Enough to keep several compilers busy; little is lost when it is interrupted."""


@dataclass(frozen=True)
class Measured:
    """
    Chooses what was best; what was not measured is left to the estimate.

    :ivar how: it was measured.
    :ivar unit: of what was measured.
    """

    estimated: Estimated
    how: str
    unit: str
    times: dict[Problem, Times] = field(default_factory=dict)

    @property
    def variant(self) -> Variant:
        """The instruction set that was measured."""
        return self.estimated.variant

    def choose(self, problem: Problem, variant: Variant, scheme: Scheme | None = None) -> Choice:
        """Return the candidate that was best."""
        times = self.times.get(problem) if variant == self.variant else None
        if times is None:
            return self.estimated.choose(problem, variant, scheme)
        found = [t for t in times.items() if scheme is None or t[0].scheme == scheme]
        return cheapest(problem, found, self.how, self.unit)


def tune(platform: Platform, graph: Graph, threads: int, progress: Progress) -> Measured:
    """
    Measure the candidates of every convolution of a graph, with the best instruction set here.

    Each library's measurements are kept when they are made; what is known is not measured again.
    For another kind of machine instructions are counted, since times of an emulator say nothing.
    """
    tools, variant = platform.tools, platform.best_here()
    meter = Stopwatch(graph, threads) if tools.machine.native else Counter(tools)
    chooser = Measured(Estimated.of(variant, graph), meter.how, meter.unit)
    program = lower_all(graph, chooser)
    store = Store(user_cache() / "tune", _conditions(meter, tools, variant))
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
        for problem, times in _measure(platform, batch, variant, meter).items():
            store.put(problem, times)
            chooser.times[problem] = times
        done += len(batch)
    progress("tuning", done, total)
    return chooser


def _conditions(meter: Meter, tools: Toolchain, variant: Variant) -> Conditions:
    """Return what the measurements depend on."""
    kernels = hashlib.sha256(" ".join(COMMON_FLAGS + variant.flags).encode())
    for path in HEADERS:
        kernels.update(path.read_bytes())
    return Conditions(
        processor=meter.processor,
        compiler=compiler_version(tools.find_compiler()),
        kernels=kernels.hexdigest()[:16],
        variant=variant.name,
        threads=meter.threads,
        weights_in=meter.weights_in,
    )


def _tasks(graph: Graph, program: Program, variant: Variant) -> Iterator[Task]:
    """Yield each problem once; the parts of a node that several convolutions compute are none."""
    nodes, seen = {node.name: node for node in graph.nodes}, set()
    for step in program.steps:
        choice = choice_of(step, variant)
        if choice is None or (choice.problem.step != (1, 1) and choice.problem.kind != "spread"):
            continue
        if (problem := choice.problem) not in seen:
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
    platform: Platform, tasks: list[Task], variant: Variant, meter: Meter
) -> dict[Problem, Times]:
    """Compile the candidates into one library and return what each costs."""
    trials = make_trials(tasks, variant)
    with tempfile.TemporaryDirectory(prefix="edgec-tune-") as folder:
        spec = LibrarySpec(replace(platform, variants=(variant,)), (add_kernels,))
        what = Description("trials", "")
        library.write(trials.graph, trials.program, spec, what, Path(folder), _silent)
        costs = meter.measure(Path(folder) / library.LIBRARY, variant.name)
    times: dict[Problem, Times] = {task.problem: {} for task in tasks}
    for indices, problem, candidate in trials.steps:
        times[problem][candidate] = round(sum(costs[index] for index in indices), 3)
    return times


def _silent(what: str, done: int, total: int) -> None:
    """Show no progress: that of the tuning is shown."""
