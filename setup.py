# SPDX-License-Identifier: Apache-2.0
"""Build the wheel: the Python packages and, by CMake, the ROS 2 messages (see CMakeLists.txt)."""

from collections.abc import Iterable
import importlib.util
import os
from pathlib import Path
import shutil
import subprocess
import sys
import sysconfig
from typing import ClassVar

from setuptools import Command, Distribution, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
SHARE = Path("share/edge_perception")
# Where the generated Python package is installed, seen from the prefix. Not in site-packages:
# there it would hide the checkout, which has a package of the same name.
GENERATED = Path("lib/edge_perception/python")
WITHOUT_MESSAGES = "EDGE_WITHOUT_MESSAGES"
"""Names a variable; if it is set, the wheel has no messages, and suits every machine."""


def ros_prefix() -> Path | None:
    """
    Find the ROS 2 that Python sees.

    :returns: its prefix, or None if there is none with message generators, or none is wanted
    """
    if os.environ.get(WITHOUT_MESSAGES):
        return None
    spec = importlib.util.find_spec("ament_package")
    if spec is None or spec.origin is None:
        return None
    prefix = Path(spec.origin).parents[4]  # PREFIX/lib/pythonX.Y/site-packages/ament_package/*.py
    return prefix if (prefix / "share" / "rosidl_default_generators").is_dir() else None


def install_messages(ros: Path, build: Path, prefix: Path) -> None:
    """
    Generate, build and install the messages.

    :param ros: the prefix of ROS 2
    :param build: the folder to build in; emptied, as CMake's cache survives no move or new Python
    :param prefix: the folder to install into
    """
    shutil.rmtree(build, ignore_errors=True)
    environment = {**os.environ, "AMENT_PREFIX_PATH": str(ros), "CMAKE_PREFIX_PATH": str(ros)}
    configure = ["cmake", "-G", "Ninja", "-S", str(ROOT), "-B", str(build)]
    configure += ["-DEDGE_MESSAGES_ONLY=ON", "-DBUILD_TESTING=OFF", "-DCMAKE_BUILD_TYPE=Release"]
    configure += [f"-DCMAKE_INSTALL_PREFIX={prefix}", f"-DPYTHON_INSTALL_DIR={GENERATED}"]
    configure += [f"-DPython3_EXECUTABLE={sys.executable}"]
    for command in (
        configure,
        ["cmake", "--build", str(build)],
        ["cmake", "--install", str(build)],
    ):
        subprocess.run(command, env=environment, check=True)


class BuildWithMessages(build_py):
    """Add the messages, and the files that go below share/, to what setuptools packs."""

    def run(self) -> None:
        """Build the Python packages, then the messages."""
        if self.editable_mode:
            super().run()
            return  # the checkout itself is used, and install_messages serves the rest
        shutil.rmtree(self.build_lib, ignore_errors=True)  # or modules that are gone get packed
        super().run()
        for folder in ("config", "launch", "templates"):
            self._add_data(ROOT, (ROOT / folder).rglob("*"), SHARE)
        ros = ros_prefix()
        if ros is None:
            print("warning: without ROS 2 message generators, no edge_perception.msg is made")
            definitions = (*ROOT.glob("msg/*.msg"), *ROOT.glob("srv/*.srv"))
            self._add_data(ROOT, [ROOT / "package.xml", *definitions], SHARE)
            return
        messages = Path(self.build_lib).resolve().with_name("wheel-messages")
        prefix = messages / "prefix"
        shutil.rmtree(prefix, ignore_errors=True)
        install_messages(ros, messages / "build", prefix)
        package = Path(self.build_lib) / "edge_perception"
        generated = prefix / GENERATED / "edge_perception"
        for folder in ("msg", "srv"):
            shutil.copytree(generated / folder, package / folder, dirs_exist_ok=True)
        for extension in generated.glob("*.so"):
            shutil.copy2(extension, package)
        for pattern in ("include/**/*", "lib/*.so", "share/**/*"):
            self._add_data(prefix, prefix.glob(pattern))

    def _add_data(self, root: Path, files: Iterable[Path], below: Path = Path()) -> None:
        """
        Let files be installed under the prefix, at the same place as they have under a root.

        :param root: the folder that the files' places are relative to
        :param files: the files; folders are left out
        :param below: the folder under the prefix
        """
        data_files = self.distribution.data_files
        assert data_files is not None  # given to setup()
        for file in files:
            if file.is_file() and "__pycache__" not in file.parts:
                folder = below / file.relative_to(root).parent
                data_files.append((str(folder), [os.path.relpath(file, ROOT)]))


class InstallMessages(Command):
    """Install the messages into the running Python's environment, for use with the checkout."""

    description = __doc__
    user_options: ClassVar[list[tuple[str, str, str]]] = []

    def initialize_options(self) -> None:
        """There are no options."""

    def finalize_options(self) -> None:
        """There are no options."""

    def run(self) -> None:
        """Build and install the messages, and put them on the path after the checkout."""
        ros = ros_prefix()
        if ros is None:
            raise SystemExit(f"{sys.prefix} has no ROS 2 message generators; run `make setup`")
        prefix = Path(sys.prefix)
        for stale in (prefix / GENERATED, prefix / SHARE):
            shutil.rmtree(stale, ignore_errors=True)
        install_messages(ros, ROOT / "build" / "messages", prefix)
        # Path files are read in the order of their names, and the one of the checkout begins with
        # "__editable__": so the checkout comes first, and its __init__.py finds the messages.
        path_file = Path(sysconfig.get_path("purelib")) / "edge_perception_messages.pth"
        path_file.write_text(f"{prefix / GENERATED}\n", encoding="utf-8")


class PlatformDistribution(Distribution):
    """A distribution whose wheel is for one platform, as the messages are compiled."""

    def has_ext_modules(self) -> bool:
        """Say whether there is compiled code."""
        return ros_prefix() is not None


setup(
    cmdclass={"build_py": BuildWithMessages, "install_messages": InstallMessages},
    data_files=[],
    distclass=PlatformDistribution,
)
