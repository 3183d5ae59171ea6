"""Builds the hand-written model with the real run-time part; the same one twice is built once."""

from collections.abc import Callable, Iterator
from pathlib import Path
import shutil

from box_model import compile_c, compile_model, RUNTIME, Spec
from bundles import write_bundle
import pytest

from edge_perception.runtime import Instance, Library, Manifest


@pytest.fixture(scope="session")
def runtime_objects(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Compile the run-time part as the compiler does."""
    directory = tmp_path_factory.mktemp("runtime")
    objects = []
    for source in sorted(RUNTIME.glob("*.c")):
        target = directory / (source.stem + ".o")
        compile_c("gcc", target, "-O3", "-fPIC", "-fvisibility=hidden", "-c", str(source))
        objects.append(str(target))
    return objects


@pytest.fixture(scope="session")
def build(
    tmp_path_factory: pytest.TempPathFactory, runtime_objects: list[str]
) -> Callable[[Spec], Path]:
    built: dict[Spec, Path] = {}

    def build_once(spec: Spec) -> Path:
        if spec not in built:
            directory = tmp_path_factory.mktemp("model")
            built[spec] = compile_model(directory, spec, runtime_objects)
        return built[spec]

    return build_once


@pytest.fixture
def make(build: Callable[[Spec], Path]) -> Iterator[Callable[..., Instance]]:
    """Make instances that are closed when the test ends."""
    made: list[Instance] = []

    def make_one(spec: Spec, threads: int = 2, variant: str | None = None) -> Instance:
        made.append(Library(build(spec)).create(threads, variant))
        return made[-1]

    yield make_one
    for instance in made:
        instance.close()


@pytest.fixture(scope="session")
def whole(
    build: Callable[[Spec], Path], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Manifest]:
    """Make a bundle that tests only read."""
    directory = tmp_path_factory.mktemp("bundles") / "box.edge"
    return directory, write_bundle(directory, Spec(), build(Spec()))


@pytest.fixture
def bundle(whole: tuple[Path, Manifest], tmp_path: Path) -> Path:
    """Make a copy of the bundle that the test may break."""
    return Path(shutil.copytree(whole[0], tmp_path / "box.edge"))
