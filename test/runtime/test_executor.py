"""Models that share threads."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
import multiprocessing
import os
from pathlib import Path
from threading import get_native_id

from box_model import Spec
import numpy as np
import pytest
from reference import box_sum

from edge_perception.runtime import BundleError, Executor, Instance, Library, load

Build = Callable[[Spec], Path]
SPECS = (
    Spec(name="one", height=40, width=40),
    Spec(name="two", block=16, channels=20, image=False),
)


def input_of(spec: Spec, seed: int = 0) -> dict[str, np.ndarray]:
    return {"x": np.random.default_rng(seed).normal(size=spec.shape).astype(np.float32)}


def check(model: Instance, spec: Spec, seed: int = 0) -> None:
    inputs = input_of(spec, seed)
    outputs = model.run(inputs)
    np.testing.assert_array_equal(outputs["doubled"], 2 * inputs["x"])
    expected = box_sum(2 * inputs["x"].astype(np.float64))
    np.testing.assert_allclose(outputs["box"], expected, rtol=1e-5, atol=1e-5)


Workers = Callable[[], list[int]]


@pytest.fixture
def workers() -> Workers:
    """Return what finds the threads that libraries have started during this test."""
    before = threads_of_libraries()
    return lambda: sorted(threads_of_libraries() - before)


def threads_of_libraries() -> set[int]:
    found = set()
    for task in Path("/proc/self/task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):  # it ends at this moment
            if (task / "comm").read_text().startswith("edge-"):
                found.add(int(task.name))
    return found


def test_two_models_on_two_threads_are_right_and_have_no_more(
    build: Build, workers: Workers
) -> None:
    executor = Executor(2)
    models = [
        Library(build(spec)).create(executor=executor, priority=i) for i, spec in enumerate(SPECS)
    ]
    assert len(workers()) == 1  # and the one that runs a model

    def use(index: int) -> None:
        for seed in range(50):
            check(models[index], SPECS[index], seed)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(use, range(2)))
    assert len(workers()) == 1
    for model in models:
        model.close()
    assert len(workers()) == 1
    models.clear()
    del executor, model
    while workers():  # the system may take a moment to forget one that has ended
        pass


def waits_on_its_stack(thread: int) -> bool:
    """
    Return whether a thread waits for its turn: for a word on its own stack.

    When it waits for the GIL, the word is elsewhere.
    """
    fields = Path(f"/proc/self/task/{thread}/syscall").read_text().split()
    if len(fields) < 9:
        return False  # it is running
    word, stack = int(fields[1], 16), int(fields[-2], 16)
    return stack <= word < stack + 4096


def test_the_highest_priority_goes_first_and_between_steps(build: Build) -> None:
    """One run holds the threads at a gate; those that wait then go on by their priority."""
    executor = Executor(2)
    library = Library(build(SPECS[0]))
    gate = library.c.library
    models = {p: library.create(executor=executor, priority=p) for p in (0, 5, 9)}
    order: list[tuple[int, int]] = []
    threads: dict[int, int] = {}

    def run(priority: int) -> None:
        threads[priority] = get_native_id()
        models[priority].observe(input_of(SPECS[0]), lambda step: order.append((priority, step)))

    gate.test_close_gate(1)
    with ThreadPoolExecutor(3) as pool:
        runs = [pool.submit(run, 0)]
        while not gate.test_runs_waiting():
            pass
        for priority in (5, 9):
            runs.append(pool.submit(run, priority))
            while priority not in threads or not waits_on_its_stack(threads[priority]):
                pass
        gate.test_close_gate(0)
        for one in runs:
            one.result()
    assert order == [(0, 0), (9, 0), (9, 1), (5, 0), (5, 1), (0, 1)]


def test_a_model_runs_another_one_in_its_observer(build: Build) -> None:
    executor = Executor(2)
    models = [Library(build(spec)).create(executor=executor) for spec in SPECS]
    models[0].observe(input_of(SPECS[0]), lambda _step: check(models[1], SPECS[1]))
    check(models[0], SPECS[0])


def test_threads_keep_to_the_processors_that_they_are_given(
    build: Build, workers: Workers
) -> None:
    processor = max(os.sched_getaffinity(0))
    mine = os.sched_getaffinity(0)
    model = Library(build(SPECS[0])).create(executor=Executor(3, {processor}))
    assert [os.sched_getaffinity(thread) for thread in workers()] == [{processor}] * 2
    assert os.sched_getaffinity(0) == mine
    check(model, SPECS[0])


def test_a_forked_child_runs_what_its_parent_made(build: Build) -> None:
    executor = Executor(3)
    model = Library(build(SPECS[0])).create(executor=executor)
    check(model, SPECS[0])

    def child() -> None:
        check(model, SPECS[0])
        model.close()
        os._exit(7)

    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    process.join(60)
    assert process.exitcode == 7
    check(model, SPECS[0])


def test_a_bundle_is_loaded_with_an_executor(bundle: Path) -> None:
    executor = Executor(2)
    with load(bundle, executor=executor, selftest=True) as first, load(bundle, executor=executor):
        check(first, Spec())


def test_what_cannot_be_had_is_said(build: Build) -> None:
    library = Library(build(SPECS[0]))
    with pytest.raises(BundleError, match="the option `threads` is 0"):
        library.create(2, executor=Executor(2))
    with pytest.raises(BundleError, match=r"threads must be 1\.\.64.* is 65"):
        library.create(executor=Executor(65))
    with pytest.raises(BundleError, match="may use none of the processors"):
        library.create(executor=Executor(1, {63}))
    with pytest.raises(BundleError, match=r"numbers 0\.\.63"):
        Executor(1, {64})
