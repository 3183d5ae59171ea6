"""What is written down twice for the different build systems agrees."""

from pathlib import Path
import re
import subprocess
from xml.etree import ElementTree

from catkin_pkg.package import parse_package
import pytest
import yaml

from edge_perception import share
from edge_perception.nodes import base
import edge_perception.version

tomllib = pytest.importorskip("tomllib", reason="Python 3.10 has no tomllib")
ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ElementTree.parse(ROOT / "package.xml").getroot()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
CMAKE = (ROOT / "CMakeLists.txt").read_text()


def test_version_is_the_same_everywhere() -> None:
    assert PACKAGE.findtext("version") == edge_perception.version.VERSION
    assert PROJECT["dynamic"] == ["version"]


@pytest.mark.parametrize("file", ["package.xml", "templates/ros/package.xml"])
def test_package_of_ros_keeps_to_its_format(file: str) -> None:
    warnings: list[str] = []
    package = parse_package(str(ROOT / file), warnings=warnings)
    package.validate(warnings=warnings)
    assert warnings == []


def test_name_maintainer_and_licence_agree() -> None:
    maintainer = PACKAGE.find("maintainer")
    assert maintainer is not None
    assert PACKAGE.findtext("name") == PROJECT["name"]
    assert PROJECT["authors"] == [{"name": maintainer.text, "email": maintainer.get("email")}]
    assert PACKAGE.findtext("license") == PROJECT["license"]["text"] == "Apache-2.0"


@pytest.mark.parametrize("kind", ["msg", "srv"])
def test_every_message_and_service_is_generated(kind: str) -> None:
    listed = set(re.findall(rf"^\s+({kind}/\w+\.{kind})$", CMAKE, re.MULTILINE))
    assert listed == {f"{kind}/{path.name}" for path in (ROOT / kind).glob(f"*.{kind}")}


def test_every_message_package_is_a_dependency() -> None:
    used = set()
    for path in (*ROOT.glob("msg/*.msg"), *ROOT.glob("srv/*.srv")):
        used |= set(re.findall(r"^(\w+)/\w+ ", path.read_text(), re.MULTILINE))
    declared = {element.text for element in PACKAGE.iter("depend")}
    assert used <= declared
    for package in used:
        assert f"find_package({package} REQUIRED)" in CMAKE


def test_programs_are_the_same_for_pip_and_ros() -> None:
    installed = dict(re.findall(r"^\s+([\w-]+):([\w.]+):bin\)?$", CMAKE, re.MULTILINE))
    assert installed == {
        name: target.removesuffix(":main") for name, target in PROJECT["scripts"].items()
    }


@pytest.mark.parametrize("path", [*(ROOT / "config").glob("*.yaml")], ids=lambda path: path.name)
def test_shipped_configuration_is_yaml(path: Path) -> None:
    assert yaml.safe_load(path.read_text()) is not None


def test_constraints_pin_every_dependency() -> None:
    pins = (ROOT / "requirements" / "constraints.txt").read_text()
    pinned = set(re.findall(r"^([\w.-]+)==", pins, re.MULTILINE))
    extras = PROJECT["optional-dependencies"].values()
    wanted = {re.match(r"[\w.-]+", line)[0] for line in sum(extras, PROJECT["dependencies"])}
    assert wanted - {"edge_perception"} <= pinned


def test_share_folder_of_a_checkout_is_its_root() -> None:
    assert share.share_dir() == ROOT


def test_share_folder_of_an_installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = tmp_path / "lib/python3.11/site-packages/edge_perception/share.py"
    monkeypatch.setattr(share, "__file__", str(module))
    with pytest.raises(FileNotFoundError, match="incomplete"):
        share.share_dir()
    folder = tmp_path / "share" / "edge_perception"
    folder.mkdir(parents=True)
    (folder / "package.xml").touch()
    assert share.share_dir() == folder


def test_every_node_has_a_program() -> None:
    programs = dict(re.findall(r"^\s+(\w+):([\w.]+):lib/", CMAKE, re.MULTILINE))
    for name in base.names():
        assert programs.pop(name) == f"edge_perception.nodes.{name}"
    assert programs == {
        "bridge": "edge_perception.transport.bridge.process",
        "robot": "edge_perception.cli",
    }


def test_nobody_is_told_to_install_it_by_name() -> None:
    """While the name isn't ours in an index of packages, somebody else's would come."""
    by_name = re.compile(r"pip3? install[^`\n]*?(?<![/\w])edge_perception\b(?!\S* @ |/)")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    names = listed.stdout.split("\0") if listed.returncode == 0 else []
    texts = [ROOT / name for name in names if name.endswith((".md", ".py", ".yml", ".yaml"))]
    told = [
        f"{path.relative_to(ROOT)}: {found[0]}"
        for path in texts
        if path.is_file()
        for found in by_name.finditer(path.read_text("utf-8"))
        if "--find-links dist" not in found[0]
    ]
    assert not told, told
