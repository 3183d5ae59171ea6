"""Running a model: tensors in all layouts, threads, several instances and models, refusals."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
import multiprocessing
import os
from pathlib import Path
import platform
import shutil

from box_model import compile_c, Spec
import numpy as np
import pytest
from reference import box_sum

from edge_perception.runtime import BundleError, Instance, Library, load
from edge_perception.runtime.abi import c_tensors
from edge_perception.runtime.dtypes import Form

Make = Callable[..., Instance]
Build = Callable[[Spec], Path]

LAYOUTS = [
    Spec(),
    Spec(block=16),
    Spec(block=16, channels=16),
    Spec(block=16, channels=37, height=5),
    Spec(channels=1, color="mono", height=1, width=1),
    Spec(block=16, channels=35, height=1, width=1, image=False),
]


def random_input(spec: Spec, seed: int = 0) -> dict[str, np.ndarray]:
    values = np.random.default_rng(seed).normal(size=spec.shape)
    return {"x": values.astype(np.float32)}


def check(inputs: dict[str, np.ndarray], outputs: dict[str, np.ndarray]) -> None:
    np.testing.assert_array_equal(outputs["doubled"], 2 * inputs["x"])
    expected = box_sum(2 * inputs["x"].astype(np.float64))
    np.testing.assert_allclose(outputs["box"], expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("spec", LAYOUTS)
@pytest.mark.parametrize("threads", [1, 2, 4])
def test_tensors_pass_any_layout_unharmed(make: Make, spec: Spec, threads: int) -> None:
    model = make(spec, threads)
    model.run({"x": np.full(spec.shape, np.nan, np.float32)})  # leave rubbish behind
    inputs = random_input(spec)
    check(inputs, model.run(inputs))


def test_any_number_of_threads_gives_the_same_bytes(make: Make) -> None:
    spec = Spec(block=16, channels=40, height=40, width=40, image=False)
    inputs = random_input(spec)
    results = [make(spec, threads).run(inputs)["box"].tobytes() for threads in (0, 1, 2, 4, 64)]
    assert len(set(results)) == 1


def test_each_step_can_be_observed(make: Make) -> None:
    spec = Spec(block=16)
    inputs = random_input(spec)
    observed = make(spec).observe(inputs)
    assert [index for index, _, _ in observed] == [0, 1]
    assert all(nanoseconds > 0 for _, nanoseconds, _ in observed)
    check(inputs, {"doubled": observed[0][2], "box": observed[1][2]})


def test_each_step_can_be_timed(make: Make) -> None:
    spec = Spec(block=16)
    times = make(spec).time_steps(random_input(spec))
    assert len(times) == 2
    assert all(nanoseconds > 0 for nanoseconds in times)


def test_outputs_may_be_written_to_given_arrays(make: Make) -> None:
    model, inputs = make(Spec()), random_input(Spec())
    out = {name: np.empty(Spec().shape, np.float32) for name in ("doubled", "box")}
    returned = model.run(inputs, out=out)
    check(inputs, out)
    assert all(returned[name] is out[name] for name in out)


def test_inputs_that_are_not_contiguous_are_copied(make: Make) -> None:
    wide = np.random.default_rng(1).normal(size=(1, 3, 11, 14)).astype(np.float32)
    check({"x": wide[..., ::2]}, make(Spec()).run({"x": wide[..., ::2]}))


SHAPE = Spec().shape


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({}, r"inputs are \['x'\], but got \[\]"),
        ({"x": np.zeros(SHAPE, np.float32), "y": np.zeros(1, np.float32)}, r"got \['x', 'y'\]"),
        ({"x": np.zeros(SHAPE)}, "'x' must be a float32 array but is float64"),
        ({"x": [[1.0]]}, "'x' must be a float32 array but is list"),
        ({"x": np.zeros(SHAPE[1:], np.float32)}, r"shape \(1, 3, 11, 7\) but has \(3, 11, 7\)"),
        ({"x": np.zeros(SHAPE, ">f4")}, "must be a float32 array but is >f4"),
    ],
)
def test_wrong_inputs_are_refused(make: Make, inputs: dict[str, np.ndarray], message: str) -> None:
    model = make(Spec())
    with pytest.raises(BundleError, match=message):
        model.run(inputs)
    with pytest.raises(BundleError, match=message):
        model.observe(inputs)
    check(random_input(Spec()), model.run(random_input(Spec())))


def test_outputs_that_cannot_be_written_are_refused(make: Make) -> None:
    good = np.empty(SHAPE, np.float32)
    read_only = np.empty(SHAPE, np.float32)
    read_only.flags.writeable = False
    sliced = np.empty((*SHAPE[:3], 14), np.float32)[..., ::2]
    for bad, message in ((read_only, "writable"), (sliced, "contiguous"), (good[0], "shape")):
        with pytest.raises(BundleError, match=message):
            make(Spec()).run(random_input(Spec()), out={"doubled": good, "box": bad})


@pytest.mark.parametrize(
    ("threads", "variant", "supported", "message"),
    [
        (65, None, "edge_cpu_always", r"threads must be 1\.\.64.* but is 65"),
        (-1, None, "edge_cpu_always", "threads must be"),
        (1, "mmx", "edge_cpu_always", 'no variant "mmx".* future slow fast'),
        (1, "future", "edge_cpu_always", "lacks quantum dots.*edgec compile MODEL"),
        (1, None, "never", 'lacks magic.*"baseline".*edgec compile MODEL -o OUT.edge --target'),
    ],
)
def test_what_cannot_be_created_says_why(
    build: Build, threads: int, variant: str | None, supported: str, message: str
) -> None:
    library = Library(build(Spec(supported=supported)))
    with pytest.raises(BundleError, match=message):
        library.create(threads, variant)


def test_the_best_variant_that_pays_is_taken_unless_one_is_named(make: Make) -> None:
    assert make(Spec()).variant == "fast"
    for name in ("slow", "baseline"):
        assert make(Spec(), variant=name).variant == name


def test_variants_are_those_that_the_processor_has_whatever_stands_between(build: Build) -> None:
    library = Library(build(Spec()))
    assert library.model.variants == ("future", "slow", "fast", "other", "baseline")
    assert library.variants() == ("slow", "fast", "baseline")
    assert [library.c.edge_supports(name) for name in (b"mmx", None)] == [0, 0]


@pytest.mark.skipif(platform.machine() != "x86_64", reason="asks for x86-64's features")
def test_the_best_variant_is_that_of_the_processor(tiny_bundle: Path) -> None:
    features = set(Path("/proc/cpuinfo").read_text().split("flags", 1)[1].split("\n")[0].split())
    avx2 = {"avx2", "fma", "f16c", "bmi1", "bmi2"}
    avx512 = avx2 | {"avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl"}
    expected = "avx512" if avx512 <= features else "avx2" if avx2 <= features else "baseline"
    with load(tiny_bundle) as model:
        assert model.variant == expected


def test_a_closed_instance_says_so(make: Make) -> None:
    with make(Spec()) as model:
        model.run(random_input(Spec()))
    model.close()
    with pytest.raises(BundleError, match="box is closed"):
        model.run(random_input(Spec()))


@pytest.mark.parametrize("content", [b"", b"\x7fELF", b"not a library"])
def test_what_is_no_library_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.so"
    path.write_bytes(content)
    with pytest.raises(BundleError, match="can't be loaded as a compiled model"):
        Library(path)


def test_a_library_of_something_else_is_refused(tmp_path: Path) -> None:
    source, library = tmp_path / "other.c", tmp_path / "other.so"
    source.write_text("int answer(void) { return 42; }", encoding="utf-8")
    compile_c("gcc", library, "-shared", "-fPIC", str(source))
    with pytest.raises(BundleError, match="edge_abi_version"):
        Library(library)


def test_a_library_of_an_earlier_interface_says_how_to_make_a_new_one(tmp_path: Path) -> None:
    source, library = tmp_path / "old.c", tmp_path / "old.so"
    source.write_text("unsigned edge_abi_version(void) { return 1; }", encoding="utf-8")
    compile_c("gcc", library, "-shared", "-fPIC", str(source))
    with pytest.raises(BundleError, match=r"version 1, .* needs version 2; .*edgec compile MODEL"):
        Library(library)


def test_instances_and_models_run_side_by_side(make: Make) -> None:
    """Each of eight threads runs its own or a shared instance of one of two models."""
    small, blocked = Spec(), Spec(block=16, channels=20, image=False)
    specs = [small, small, blocked, blocked, small, small, blocked, blocked]
    shared = {spec: make(spec, 3) for spec in (small, blocked)}
    models = [make(spec, 2) for spec in specs[:4]] + [shared[spec] for spec in specs[4:]]

    def work(index: int) -> None:
        for seed in range(20):
            inputs = random_input(specs[index], seed)
            check(inputs, models[index].run(inputs))

    with ThreadPoolExecutor(len(models)) as pool:
        list(pool.map(work, range(len(models))))


def test_a_library_that_was_built_again_is_loaded_again(build: Build, tmp_path: Path) -> None:
    path = tmp_path / "model.so"
    for channels in (2, 3):
        new = tmp_path / "new.so"
        shutil.copy(build(Spec(channels=channels)), new)
        new.replace(path)
        assert Library(path).model.inputs[0].shape[1] == channels


def test_the_gil_is_released_while_the_model_runs(build: Build) -> None:
    """
    A run waits in C until Python code of another thread lets it go on.

    That code could not run if the run held the GIL: the test would hang, not fail by luck.
    """
    library = Library(build(Spec(name="gated")))
    with library.create(2) as first, library.create(1) as second, ThreadPoolExecutor(3) as pool:
        inputs = random_input(Spec())
        library.c.library.test_close_gate(1)
        runs = [pool.submit(model.run, inputs) for model in (first, second)]
        while library.c.library.test_runs_waiting() < 2:  # both instances run at once
            pass
        closing = pool.submit(first.close)  # waits for the run
        library.c.library.test_close_gate(0)
        for run in runs:
            check(inputs, run.result())
        closing.result()


def test_a_forked_child_can_run_and_close_what_its_parent_made(make: Make) -> None:
    """The child has no worker threads; the calling thread does all the work."""
    model, inputs = make(Spec(), 4), random_input(Spec())
    model.run(inputs)

    def child() -> None:
        check(inputs, model.run(inputs))
        model.close()
        os._exit(7)

    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    process.join(60)
    assert process.exitcode == 7
    check(inputs, model.run(inputs))


def test_worker_threads_have_names_and_end_with_the_instance(make: Make) -> None:
    def workers() -> list[str]:
        """Return the names of those threads that no other test may have left to end now."""
        found = []
        for task in Path("/proc/self/task").iterdir():
            with suppress(FileNotFoundError, ProcessLookupError):
                found.append((task / "comm").read_text().strip())
        return sorted(name for name in found if name.startswith("edge-"))

    before = workers()
    alone, three = make(Spec(), 1), make(Spec(), 3)
    assert workers() == sorted([*before, "edge-1", "edge-2"])
    alone.close()
    three.close()
    assert workers() == before


def test_a_model_cannot_be_run_by_the_thread_that_runs_it(make: Make) -> None:
    """As in the callback of observe(), where to wait for the end of the run would be for ever."""
    model, inputs = make(Spec()), random_input(Spec())
    frame = np.zeros((8, 8, 3), np.uint8)
    for use in (
        lambda: model.run(inputs),
        lambda: model.run_image(frame, "rgb8"),
        lambda: model.observe(inputs),
        model.close,
    ):
        with pytest.raises(BundleError, match="box is being run by this thread"):
            model.observe(inputs, lambda _step, use=use: use())
    other = make(Spec(), 1)
    results: list[dict[str, np.ndarray]] = []
    model.observe(inputs, lambda _step: results.append(other.run(inputs)))
    for outputs in [*results, model.run(inputs)]:
        check(inputs, outputs)


def test_the_c_interface_refuses_a_run_within_a_run(build: Build) -> None:
    library = Library(build(Spec()))
    inputs = random_input(Spec())
    with library.create(1) as model:
        statuses: list[int] = []

        def run_again(_step: int) -> None:
            x = c_tensors(inputs.values(), [Form(SHAPE)])
            out = c_tensors([np.empty(SHAPE, np.float32)] * 2, [Form(SHAPE)] * 2)
            statuses.append(library.c.edge_run(model._handle, x, 1, out, 2, None))

        observed = model.observe(inputs, run_again)
        assert statuses == [1, 1]  # EDGE_ERROR_ARGUMENT
        check(inputs, {"doubled": observed[0][2], "box": observed[1][2]})
        check(inputs, model.run(inputs))


def test_a_forked_child_refuses_what_another_thread_was_running(build: Build) -> None:
    """The thread is not in the child, and has left the instance half-way through a run."""
    library = Library(build(Spec(name="gated in a child")))
    gate, inputs = library.c.library, random_input(Spec())

    def child() -> None:
        gate.test_close_gate(0)
        with pytest.raises(BundleError, match="by another thread when this process was forked"):
            busy.run(inputs)
        check(inputs, idle.run(inputs))
        busy.close()
        with pytest.raises(BundleError):
            busy.run(inputs)
        with library.create(2) as new:
            check(inputs, new.run(inputs))
        os._exit(7)

    with library.create(1) as busy, library.create(2) as idle, ThreadPoolExecutor(1) as pool:
        gate.test_close_gate(1)
        run = pool.submit(busy.run, inputs)
        while not gate.test_runs_waiting():
            pass
        process = multiprocessing.get_context("fork").Process(target=child)
        process.start()
        process.join(60)
        gate.test_close_gate(0)
        check(inputs, run.result())
    assert process.exitcode == 7


def test_a_thread_may_fork_in_the_middle_of_its_run(make: Make) -> None:
    """The child goes on with the run; the parent waits for it, then does so, too."""
    model, inputs = make(Spec(), 2), random_input(Spec())
    children: list[int] = []

    def fork(_step: int) -> None:
        if not children:
            children.append(os.fork())

    try:
        observed = model.observe(inputs, fork)
        check(inputs, {"doubled": observed[0][2], "box": observed[1][2]})
        check(inputs, model.run(inputs))
    except BaseException:
        if children == [0]:
            os._exit(1)
        raise
    if children == [0]:
        os._exit(7)
    assert os.waitstatus_to_exitcode(os.waitpid(children[0], 0)[1]) == 7


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (lambda model: model.run(None), "inputs must be a mapping of arrays by name, .*NoneType"),
        (lambda model: model.run([1]), "inputs must be a mapping of arrays by name, .*list"),
        (lambda model: model.run({1: None, "x": None}), r"got \[1, 'x'\]"),
        (lambda model: model.run(random_input(Spec()), out=5), "outputs must be a mapping"),
        (lambda model: model.observe(None), "inputs must be a mapping"),
        (lambda model: model.run_image(None, "rgb8"), "a frame of rgb8 must be a uint8 array"),
        (lambda model: model.run_image(np.zeros((4, 4, 3), np.uint8), ["rgb8"]), "encoding"),
        (lambda model: model.run_image(np.zeros((4, 4, 3), np.uint8), None), "encoding None"),
    ],
)
def test_arguments_of_a_wrong_kind_are_refused_with_a_sentence(
    make: Make, use: Callable[[Instance], object], message: str
) -> None:
    with pytest.raises(BundleError, match=message):
        use(make(Spec()))


@pytest.mark.parametrize(
    ("variant", "message"),
    [
        (5, "variant must be the name of an instruction set, or None"),
        (b"fast", "variant must be the name"),
        ("\udcff", "no variant"),
        ("fast\0", "no variant"),
    ],
)
def test_variants_that_are_no_names_are_refused(
    build: Build, variant: object, message: str
) -> None:
    with pytest.raises(BundleError, match=message):
        Library(build(Spec())).create(1, variant)
