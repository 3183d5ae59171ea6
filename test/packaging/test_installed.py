"""
What ``make dist`` made is installed where nothing else is, and does its main job there.

``make test-dist`` runs it: it fetches packages for minutes.
"""

from collections.abc import Callable
from pathlib import Path
import platform
import shutil
import subprocess
import sys
import tarfile

from PIL import Image
import pytest

from release import deb
from release.facts import NAME, VERSION

ROOT = Path(__file__).resolve().parents[2]
CONSTRAINTS = ROOT / "requirements" / "constraints.txt"


@pytest.fixture(scope="session")
def dist(request: pytest.FixtureRequest) -> Path:
    """Return the folder of what was made."""
    folder = request.config.getoption("--released")
    if folder is None:
        pytest.skip("make test-dist runs it")
    return Path(folder).resolve()


def run(*command: object, folder: Path = Path("/"), **variables: object) -> str:
    """Run a command where no ROS and no checkout is known; it must do well."""
    path = f"{Path(str(command[0])).parent}:/usr/sbin:/usr/bin:/sbin:/bin"
    done = subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        env={"PATH": path, "LC_ALL": "C.UTF-8", **{key: str(variables[key]) for key in variables}},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


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


@pytest.mark.skipif(shutil.which("lintian") is None, reason="apt install lintian")
def test_package_keeps_to_the_rules_of_debian(dist: Path) -> None:
    assert run("/usr/bin/lintian", "--fail-on", "error,warning", *dist.glob("*.deb")) == ""


@pytest.fixture(scope="module")
def debian(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a root made of Debian's packages, and of ours."""
    if shutil.which("mmdebstrap") is None:
        pytest.skip("apt install mmdebstrap")
    root = tmp_path_factory.mktemp("debian") / "root"
    root.mkdir()
    [package] = dist.glob("*.deb")
    apt = "DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends"
    packages = f"/tmp/{package.name} python3-argcomplete systemd-standalone-sysusers"
    hooks = [f"copy-in {package} /tmp", f'chroot "$1" sh -c "{apt} {packages}"']
    options = ["--variant=minbase", "--dpkgopt=force-unsafe-io"]
    options += [f"--customize-hook={hook}" for hook in hooks]
    run("/usr/bin/mmdebstrap", *options, "bookworm", root)
    return root


def inside(root: Path, *command: object) -> str:
    """Run a command in a root, as the robot's user."""
    own = ["--fork", "--pid", f"--mount-proc={root}/proc"]
    return run("/usr/bin/unshare", *own, "chroot", "--userspec=edge-robot", root, *command)


def test_a_debian_decides(debian: Path, sees_red: Callable[..., list[str]]) -> None:
    given = sees_red()
    for option in given[::2]:  # model and rules
        path = Path(option.partition("=")[2])
        place = debian / str(path).lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if path.is_dir() else shutil.copyfile)(path, place)
        for folder in (place, *place.parents):
            if folder != debian and debian in folder.parents:
                folder.chmod(0o755)
    given = ["--transport=local", *given, "--camera=pattern:48x32", "--once"]
    assert "seen" in inside(debian, "edge-robot", "up", *given)
    assert "is right" in inside(debian, "edgec", "verify", given[1].partition("=")[2])


def test_a_debian_completes_its_commands(debian: Path) -> None:
    ask = "_ARGCOMPLETE=1 COMP_LINE='edge-robot do' COMP_POINT=13 edge-robot 8>&1 9>/dev/null"
    assert "doctor" in inside(debian, "bash", "-c", ask)


def test_a_debian_gives_its_user_the_devices_and_forgets_the_robot(debian: Path) -> None:
    groups = inside(debian, "id", "--groups", "--name").split()
    assert {"dialout", "gpio", "i2c", "video"} < {*groups}
    run("/usr/sbin/chroot", debian, "dpkg", "--purge", deb.PACKAGE)
    ours = ["-name", "*edge[-_]perception*", "-o", "-name", "*edge-robot*"]
    found = run("/usr/sbin/chroot", debian, "find", "/etc", "/usr", "/var/lib", *ours)
    assert found.split() == []
