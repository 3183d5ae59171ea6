"""
What ``make dist`` made is installed where nothing else is, and does its main job there.

``make test-dist`` runs it: it fetches packages for minutes.
"""

from collections.abc import Callable
from pathlib import Path
import platform
import sys
import tarfile

from installing import run
from PIL import Image
import pytest

from release.facts import NAME, VERSION

ROOT = Path(__file__).resolve().parents[2]
CONSTRAINTS = ROOT / "requirements" / "constraints.txt"


def environment(folder: Path, *wanted: object) -> Path:
    """Make a virtual environment with these packages alone; return its programs."""
    run(sys.executable, "-m", "venv", folder)
    pip = [folder / "bin" / "pip", "install", "--quiet", "--constraint", CONSTRAINTS]
    run(*pip, *wanted, HOME=Path.home())
    return folder / "bin"


def test_a_desk_compiles_a_model_and_runs_it(dist: Path, tiny_onnx: Path, tmp_path: Path) -> None:
    programs = environment(tmp_path / "desk", "--find-links", dist, f"{NAME}[compiler]=={VERSION}")
    bundle = tmp_path / "tiny.edge"
    cache = tmp_path / "cache"
    run(programs / "edgec", "compile", tiny_onnx, "-o", bundle, XDG_CACHE_HOME=cache)
    assert f"{bundle} is right" in run(programs / "edgec", "verify", bundle)
    picture = tmp_path / "red.png"
    Image.new("RGB", (40, 30), (250, 10, 10)).save(picture)
    assert "red" in run(programs / "edgec", "run", bundle, picture)
    assert f"edgec {VERSION}" in run(programs / "edgec", "--version")


def test_a_lean_robot_decides(
    dist: Path, sees_red: Callable[..., list[str]], tmp_path: Path
) -> None:
    [wheel] = dist.glob("*-none-any.whl")
    programs = environment(tmp_path / "lean", wheel, "PyYAML")
    given = ["--transport=nanomsg", *sees_red(), "--camera=pattern:48x32", "--once"]
    said = run(programs / "edge-robot", "up", *given, EDGE_ROBOT_RUN=tmp_path / "run")
    assert "seen" in said
    installed = {line.split("==")[0] for line in run(programs / "pip", "freeze").splitlines()}
    assert {name.split(" ")[0] for name in installed} == {NAME, "numpy", "PyYAML"}


@pytest.mark.skipif(platform.machine() != "x86_64", reason="ROS 2 from PyPI is for x86-64")
def test_a_robot_with_ros_decides(
    dist: Path, sees_red: Callable[..., list[str]], tmp_path: Path
) -> None:
    programs = environment(tmp_path / "ros", "--find-links", dist, f"{NAME}[ros]=={VERSION}")
    prefix = {"AMENT_PREFIX_PATH": programs.parent, "HOME": tmp_path}
    assert "seen" in run(programs / "edge-robot", "up", *sees_red(), "--once", **prefix)


def test_sources_build_in_a_workspace(dist: Path, tmp_path: Path) -> None:
    [archive] = dist.glob("*.tar.gz")
    with tarfile.open(archive) as sources:
        sources.extractall(tmp_path / "src", filter="data")
    programs = Path(sys.executable).parent
    ros = {"AMENT_PREFIX_PATH": sys.prefix, "CMAKE_PREFIX_PATH": sys.prefix}
    run(programs / "colcon", "build", folder=tmp_path, **ros)
    assert (tmp_path / "install" / NAME / "lib" / NAME / "robot").is_file()


def test_the_same_sources_give_the_same_bytes(dist: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "release", "--without-messages", "--output", tmp_path / "d"]
    run(*command, folder=ROOT)
    names = {path.name for path in (tmp_path / "d").iterdir()} - {"SHA256SUMS"}
    for name in names:
        assert (dist / name).read_bytes() == (tmp_path / "d" / name).read_bytes(), name


BILL_CHECK = """
import sys
from pathlib import Path
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

sys.exit(JsonStrictValidator(SchemaVersion.V1_6).validate_str(Path(sys.argv[1]).read_text()))
"""


def test_bill_of_materials_keeps_to_its_schema(dist: Path, tmp_path: Path) -> None:
    programs = environment(tmp_path / "bill", "cyclonedx-python-lib[json-validation]")
    [bill] = dist.glob("*.cdx.json")
    run(programs / "python", "-c", BILL_CHECK, bill)
