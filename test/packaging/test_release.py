"""What is released has all its files, the same each time, and agrees with itself."""

from collections.abc import Callable
from email.parser import Parser
import gzip
import hashlib
from importlib import metadata
import json
from pathlib import Path
import shlex
import subprocess
import sys
import tarfile
import zipfile

import pytest

from edge_perception.commands import build_parser
from edge_perception.robot import graph
from release import deb
from release.facts import MAINTAINER, VERSION

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("config", "launch", "msg", "srv", "templates")
"""What is installed below share/ beside package.xml."""


@pytest.fixture(scope="session")
def released(made_once: Callable[..., Path]) -> Path:
    """Return the folder of what is released, without the wheel that has messages."""

    def make(out: Path) -> None:
        command = [sys.executable, "-m", "release", "--without-messages", "--output", str(out)]
        subprocess.run(command, cwd=ROOT, check=True)

    return made_once("released", make)


@pytest.fixture(scope="session")
def unpacked(made_once: Callable[..., Path], released: Path) -> Path:
    """Return the package of Debian, unpacked."""
    [package] = released.glob("*.deb")
    command = ["dpkg-deb", "--raw-extract", str(package)]
    return made_once("unpacked", lambda out: subprocess.run([*command, str(out)], check=True))


def tracked(*folders: str) -> set[str]:
    """Return the files of folders that belong to the sources."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *folders]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return {name for name in listed.stdout.split("\0") if name and (ROOT / name).exists()}


def test_a_folder_that_is_no_earlier_release_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    command = [sys.executable, "-m", "release", "--output", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 2
    assert f"{tmp_path} holds no SHA256SUMS, so it is no earlier release" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_sums_are_those_of_the_files(released: Path) -> None:
    lines = (released / "SHA256SUMS").read_text().splitlines()
    stated = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    assert stated.keys() == {path.name for path in released.iterdir()} - {"SHA256SUMS"}
    for name, digest in stated.items():
        assert hashlib.sha256((released / name).read_bytes()).hexdigest() == digest


def test_sources_have_all_that_is_built(released: Path) -> None:
    [archive] = released.glob("*.tar.gz")
    with tarfile.open(archive) as file:
        members = file.getmembers()
    top = f"edge_perception-{VERSION}/"
    names = {member.name.removeprefix(top) for member in members if member.isfile()}
    packages = tracked("edge_compiler", "edge_perception", "deploy", *FOLDERS)
    assert packages | {"CMakeLists.txt", "LICENSE", "package.xml", "setup.py"} <= names
    assert {(member.uid, member.uname) for member in members} == {(0, "")}
    assert len({member.mtime for member in members}) == 1


def test_wheel_for_all_machines_has_everything_but_compiled_messages(released: Path) -> None:
    [wheel] = released.glob("*.whl")
    assert wheel.name == f"edge_perception-{VERSION}-py3-none-any.whl"
    with zipfile.ZipFile(wheel) as file:
        names = set(file.namelist())
    share = f"edge_perception-{VERSION}.data/data/share/edge_perception"
    every = tracked("edge_compiler", "edge_perception")
    modules = {name for name in every if not name.endswith(".md")}
    shared = {f"{share}/{name}" for name in (*tracked(*FOLDERS), "package.xml")}
    info = f"edge_perception-{VERSION}.dist-info/"
    assert {name for name in names if not name.startswith(info)} == modules | shared


def test_package_of_debian_says_what_it_is(unpacked: Path) -> None:
    control = Parser().parsestr((unpacked / "DEBIAN" / "control").read_text())
    assert control["Package"] == deb.PACKAGE
    assert (control["Version"], control["Maintainer"]) == (VERSION, MAINTAINER)
    conffiles = (unpacked / "DEBIAN" / "conffiles").read_text().split()
    files = {f"/{path.relative_to(unpacked)}" for path in (unpacked / "etc").rglob("*.*")}
    assert {*conffiles} == files | {"/etc/default/edge-robot"}
    for name in ("postinst", "prerm", "postrm"):
        subprocess.run(["sh", "-n", str(unpacked / "DEBIAN" / name)], check=True)


def test_package_of_debian_describes_and_completes_its_commands(unpacked: Path) -> None:
    for program in (unpacked / "usr" / "bin").iterdir():
        page = gzip.decompress((unpacked / f"usr/share/man/man1/{program.name}.1.gz").read_bytes())
        assert rf"{program.name.replace('-', chr(92) + '-')} \- ".encode() in page
        assert program.stat().st_mode & 0o777 == 0o755
    assert b"--transport" in gzip.decompress(
        (unpacked / "usr/share/man/man1/edge-robot.1.gz").read_bytes()
    ).replace(b"\\", b"")
    completion = (unpacked / "usr/share/bash-completion/completions/edge-robot").read_text()
    assert "-F _python_argcomplete edge-robot" in completion


def test_service_starts_the_robot_that_is_configured(unpacked: Path) -> None:
    service = (unpacked / "usr/lib/systemd/system/edge-robot.service").read_text()
    assert "ExecStart=/usr/bin/edge-robot up $EDGE_ROBOT_OPTIONS" in service
    assert "/opt/" not in service
    given = (unpacked / "etc/default/edge-robot").read_text().partition("EDGE_ROBOT_OPTIONS=")[2]
    robot = graph.load(unpacked / "etc/edge-robot/robot.yaml")
    options = build_parser(robot).parse_args(["up", *shlex.split(given)])
    assert (options.transport, options.model) == ("nanomsg", "/opt/models/model.edge")
    for file in (options.graph, options.rules):
        assert (unpacked / str(file).lstrip("/")).is_file()


def test_bill_of_materials_names_what_the_extras_install(released: Path) -> None:
    [file] = released.glob("*.cdx.json")
    bill = json.loads(file.read_text())
    versions = {one["name"]: one["version"] for one in bill["components"]}
    for name in ("numpy", "onnxruntime", "pyyaml", "grpcio", "cryptography"):
        assert versions[name] == metadata.version(name)
    assert "Arm Compute Library" in versions
    assert not {"pytest", "edge-perception", "mypy"} & versions.keys()
    references = {one["bom-ref"] for one in bill["components"]}
    assert len(references) == len(bill["components"])
    for one in bill["dependencies"]:
        assert {*one["dependsOn"]} <= references
    [licences] = released.glob("*.licenses.md")
    rows = licences.read_text().splitlines()
    for name, version in versions.items():
        assert any(row.startswith(f"| {name} | {version} | ") for row in rows)
