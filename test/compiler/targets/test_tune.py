"""Whether kernels are chosen as measured, measurements kept, and all candidates right."""

from collections.abc import Callable
from dataclasses import replace
import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from small_models import Array, load_model, make_model, node, run, weights

from edge_compiler import targets
from edge_compiler.commands.compile import MOST_THREADS
from edge_compiler.compile import compile_model, Options
from edge_compiler.description.describe import Description
from edge_compiler.errors import CompileError
from edge_compiler.ir.graph import Graph
from edge_compiler.passes import optimise
from edge_compiler.sandbox import NativeSandbox
from edge_compiler.targets.base import BuildOptions
from edge_compiler.targets.c import tuning
from edge_compiler.targets.c.algorithms import ALGORITHMS, candidates
from edge_compiler.targets.c.algorithms.direct.candidates import Direct
from edge_compiler.targets.c.algorithms.tiles import Tile
from edge_compiler.targets.c.algorithms.winograd.candidates import Winograd
from edge_compiler.targets.c.choice import Candidate, choice_of, Problem
from edge_compiler.targets.c.cost import Estimated
from edge_compiler.targets.c.lowering import lower_all
from edge_compiler.targets.c.part import add_kernels
from edge_compiler.targets.c.tuning.store import Conditions, Store
from edge_compiler.targets.c.tuning.trials import make_trials, Task
from edge_compiler.targets.program import library
from edge_compiler.targets.program.library import LibrarySpec
from edge_compiler.targets.program.variants import AVX2, AVX512
from edge_perception.runtime import read_manifest

HOST = targets.get("host").platform
VARIANT, X86_64 = HOST.best_here(), HOST.variants
PROBLEM = Problem("dense", 32, 16, 4, 13, 13, (3, 3), (1, 1), (1, 1), False, "Relu")
FAST, SLOW = Direct(Tile(13, 1, 1, 0, 0), "ROWS_OUTER"), Winograd(2, 49, Tile(7, 2, 7, 0, 0))
TIMES: dict[Candidate, float] = {SLOW: 41.0, FAST: 38.5}
CONDITIONS = Conditions("this CPU", "gcc 1", "0123", "avx512", 1, "L3")


def silent(what: str, done: int, total: int) -> None:
    """Show no progress."""


def network() -> onnx.ModelProto:
    """Return a network with a convolution of each kind."""
    pads = {"pads": [1, 1, 1, 1], "kernel_shape": [3, 3]}
    nodes = [
        node("Conv", "image w0", "c0", strides=[2, 2], **pads),
        node("Relu", "c0", "r0"),
        node("Conv", "r0 w1", "c1", **pads),
        node("Conv", "r0 w2 b2", "c2", kernel_shape=[1, 1]),
        node("Add", "c1 c2", "sum"),
        node("Conv", "sum w3", "c3", group=32, **pads),
        node("Conv", "c3 w4", "c4", group=2, **pads),
        node("ConvTranspose", "c4 w7", "t", strides=[2, 2], kernel_shape=[2, 2]),
        node("Conv", "t w8", "c8", kernel_shape=[1, 1]),
        node("Conv", "c8 w9", "c9", kernel_shape=[1, 1]),
        node("Conv", "c9 w5", "c5", kernel_shape=[1, 1]),
        node("Flatten", "c5", "flat"),
        node("Gemm", "flat w6", "y", transB=1),
    ]
    constants = {
        "w0": weights(32, 3, 3, 3),
        "w1": weights(32, 32, 3, 3),
        "w2": weights(32, 32, 1, 1),
        "b2": weights(32),
        "w3": weights(32, 1, 3, 3),
        "w4": weights(32, 16, 3, 3),
        "w5": weights(20, 160, 1, 1),
        "w8": weights(64, 32, 1, 1),
        "w9": weights(160, 64, 1, 1),
        "w6": weights(5, 20 * 14 * 14),
        "w7": weights(32, 32, 2, 2),
    }
    return make_model(nodes, {"image": [1, 3, 14, 14]}, constants)


@pytest.fixture
def graph(tmp_path: Path) -> Graph:
    """Return the network, as the compiler lowers it."""
    loaded = load_model(network(), tmp_path)
    optimise(loaded)
    return loaded


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of the measurements, empty; let measuring be short."""
    monkeypatch.setenv("EDGE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(tuning.meters, "MEASURE_SECONDS", 0.0)
    return tmp_path / "cache" / "tune"


def problems(graph: Graph) -> list[Task]:
    program = lower_all(graph, Estimated.of(VARIANT, graph))
    return list(tuning._tasks(graph, program, VARIANT))


def test_without_tuning_the_choice_is_always_the_same(graph: Graph) -> None:
    def choices() -> list[object]:
        program = lower_all(graph, Estimated.of(AVX512, graph))
        return [chosen for step in program.steps for v in X86_64 if (chosen := choice_of(step, v))]

    assert choices() == choices()
    assert len(choices()) == 10 * len(X86_64)


def test_every_instruction_set_has_candidates_of_the_chosen_scheme() -> None:
    for wanted in candidates(PROBLEM, AVX512):
        for variant in X86_64:
            found = candidates(PROBLEM, variant, wanted.scheme)
            assert found
            assert {candidate.scheme for candidate in found} == {wanted.scheme}


def test_threads_can_share_a_small_layer() -> None:
    problem = replace(PROBLEM, channels=64, out_blocks=4, height=20, width=20)
    chosen = Estimated.of(AVX512, Graph("", [], [], [])).choose(problem, AVX512).candidate
    assert chosen.pieces(problem) % 2 == 0


def test_names_of_candidates_tell_them_apart(graph: Graph) -> None:
    for task in problems(graph):
        assert len(set(map(str, task.candidates))) == len(task.candidates)


def test_the_fastest_is_chosen_and_the_reason_given(graph: Graph) -> None:
    estimated = Estimated.of(AVX512, graph)
    chooser = tuning.Measured(estimated, "tuned", "us", {PROBLEM: TIMES})
    choice = chooser.choose(PROBLEM, AVX512)
    assert (choice.candidate, choice.reason) == (FAST, "tuned: 38.5 us, next 41.0 us")
    assert chooser.choose(PROBLEM, AVX512, SLOW.scheme).candidate == SLOW
    assert tuning.Stopwatch(graph, 2).how == "tuned for 2 threads"
    for variant, problem in [(AVX2, PROBLEM), (AVX512, replace(PROBLEM, width=14))]:
        assert chooser.choose(problem, variant) == estimated.choose(problem, variant)


def test_trials_pose_the_problems_of_the_network(graph: Graph) -> None:
    tasks = problems(graph)
    assert {task.problem.kind for task in tasks} == {"dense", "depthwise", "grouped", "spread"}
    assert any(task.problem.lanes == 1 for task in tasks)
    assert any(task.problem.residual for task in tasks)
    algorithms = {candidate.scheme.algorithm for task in tasks for candidate in task.candidates}
    assert algorithms == {algorithm.name for algorithm in ALGORITHMS}
    trials = make_trials(tasks, VARIANT)
    assert len(trials.steps) == sum(len(task.candidates) for task in tasks)
    for indices, problem, candidate in trials.steps:
        choice = choice_of(trials.program.steps[indices[-1]], VARIANT)
        assert choice is not None
        assert (choice.problem, choice.candidate) == (problem, candidate)


def test_every_candidate_computes_the_same(graph: Graph, tmp_path: Path) -> None:
    trials = make_trials(problems(graph), VARIANT)
    spec = LibrarySpec(replace(HOST, variants=(VARIANT,)), (add_kernels,))
    what = Description("trials", "")
    library.write(trials.graph, trials.program, spec, what, tmp_path, silent)
    random = np.random.default_rng(5)
    inputs = {v.name: random.normal(size=v.shape).astype("f") for v in trials.graph.inputs}
    with NativeSandbox(tmp_path / "model.so") as sandbox:
        values = list(sandbox.observe(VARIANT.name, 1, inputs))
    direct: dict[Problem, Array] = {}
    for indices, problem, candidate in trials.steps:
        value = values[indices[-1]]
        expected = direct.setdefault(problem, value)
        error = np.abs(value - expected).max() / np.abs(expected).max()
        assert error < 1e-4, (problem, candidate)


def test_measurements_are_kept(tmp_path: Path) -> None:
    store = Store(tmp_path, CONDITIONS)
    assert store.get(PROBLEM, list(TIMES)) is None
    store.put(PROBLEM, TIMES)
    assert Store(tmp_path, CONDITIONS).get(PROBLEM, list(TIMES)) == TIMES
    assert store.get(PROBLEM, [FAST]) == {FAST: 38.5}
    assert store.get(PROBLEM, [FAST, replace(FAST, order="CHANNELS_OUTER")]) is None
    assert store.get(replace(PROBLEM, residual=True), list(TIMES)) is None
    assert [path.suffix for path in store.folder.iterdir()] == [".json"]


def test_cache_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(
        CompileError, match=r"cannot keep measurements in .*: Not a directory; name"
    ):
        Store(tmp_path / "file", CONDITIONS).put(PROBLEM, TIMES)


@pytest.mark.parametrize("field", ["processor", "compiler", "kernels", "variant", "weights_in"])
def test_measurements_of_other_conditions_are_not_used(tmp_path: Path, field: str) -> None:
    store, other = Store(tmp_path, CONDITIONS), replace(CONDITIONS, **{field: "another"})
    store.put(PROBLEM, TIMES)
    assert Store(tmp_path, other).get(PROBLEM, list(TIMES)) is None
    store.folder.rename(Store(tmp_path, other).folder)  # as if it were copied from there
    assert Store(tmp_path, other).get(PROBLEM, list(TIMES)) is None


def _cut(text: str) -> str:
    return text[: len(text) // 2]


def _with_time(value: object) -> Callable[[str], str]:
    def change(text: str) -> str:
        content = json.loads(text)
        content["costs"][str(FAST)] = value
        return json.dumps(content)

    return change


@pytest.mark.parametrize(
    "damage",
    [
        _cut,
        lambda _: "",
        lambda _: "[]",
        lambda _: "{}",
        lambda _: "null",
        lambda _: '{"costs": 1}',
        _with_time(None),
        _with_time("38.5"),
        _with_time(0),
        _with_time(-1.0),
        _with_time(float("nan")),
        _with_time(float("inf")),
    ],
)
def test_measurements_that_make_no_sense_are_not_used(
    tmp_path: Path, damage: Callable[[str], str]
) -> None:
    store = Store(tmp_path, CONDITIONS)
    store.put(PROBLEM, TIMES)
    (path,) = store.folder.iterdir()
    path.write_text(damage(path.read_text()))
    assert store.get(PROBLEM, list(TIMES)) is None
    store.put(PROBLEM, TIMES)
    assert store.get(PROBLEM, list(TIMES)) == TIMES


def test_interrupted_tuning_goes_on_where_it_was(
    graph: Graph, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured: list[Problem] = []
    interrupt_after = 2

    def measure(_target: object, tasks: list[Task], *_: object) -> dict[Problem, tuning.Times]:
        if len(measured) == interrupt_after:
            raise KeyboardInterrupt
        measured.extend(task.problem for task in tasks)
        return {t.problem: {c: 1.0 + i for i, c in enumerate(t.candidates)} for t in tasks}

    monkeypatch.setattr(tuning, "_measure", measure)
    monkeypatch.setattr(tuning, "CANDIDATES_PER_LIBRARY", 1)
    with pytest.raises(KeyboardInterrupt):
        tuning.tune(HOST, graph, 1, silent)
    assert len(list(cache.glob("*/*.json"))) == interrupt_after

    interrupt_after = -1
    shown: list[tuple[int, int]] = []
    tuning.tune(HOST, graph, 1, lambda _, done, total: shown.append((done, total)))
    assert measured == [task.problem for task in problems(graph)]
    assert shown == [(done, len(measured)) for done in range(2, len(measured) + 1)]

    interrupt_after = len(measured)  # nothing is left to measure
    tuning.tune(HOST, graph, 1, silent)
    for path in cache.glob("*/*.json"):
        path.write_text("damaged")
    with pytest.raises(KeyboardInterrupt):
        tuning.tune(HOST, graph, 1, silent)


@pytest.mark.parametrize("threads", [1, 2])
def test_tuned_bundle_is_proven_and_says_why(threads: int, tmp_path: Path, cache: Path) -> None:
    onnx.save(network(), tmp_path / "model.onnx")
    bundle = tmp_path / "tuned.edge"
    compile_model(tmp_path / "model.onnx", bundle, Options(build=BuildOptions(threads)), silent)
    manifest = read_manifest(bundle)
    assert manifest.proof.worst_error <= manifest.proof.tolerance
    steps = [step for step in manifest.model.steps if step.macs]
    how = "tuned" if threads == 1 else "tuned for 2 threads"
    assert len(steps) == 10
    for step in steps:
        assert step.reason.startswith(f"{how}: "), step
    assert list(cache.glob("*/*.json"))
    image = np.random.default_rng(1).normal(size=(1, 3, 14, 14)).astype("f")
    with NativeSandbox(bundle / "model.so") as sandbox:
        received = sandbox.run(VARIANT.name, threads, {"image": image})["y"]
    (expected,) = run(tmp_path / "model.onnx", {"image": image})
    np.testing.assert_allclose(received, expected, rtol=0, atol=1e-4 * np.abs(expected).max())


def test_without_tuning_nothing_is_measured_or_kept(tmp_path: Path, cache: Path) -> None:
    onnx.save(network(), tmp_path / "model.onnx")
    compile_model(tmp_path / "model.onnx", tmp_path / "plain.edge", Options(), silent)
    steps = read_manifest(tmp_path / "plain.edge").model.steps
    assert all(step.reason.startswith("estimated: ") for step in steps if step.macs)
    assert not cache.exists()


@pytest.mark.parametrize("text", ["0", "-1", "two", str(MOST_THREADS + 1)])
def test_impossible_number_of_threads_is_refused(
    text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from edge_compiler.cli import main

    with pytest.raises(SystemExit) as stop:
        main(["compile", "m.onnx", "-o", "m.edge", "--tune", "--tune-threads", text])
    assert stop.value.code == 2
    assert f"'{text}' is no number from 1 to {MOST_THREADS}" in capsys.readouterr().err
