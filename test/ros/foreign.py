"""Messages of packages that are in no registry, built from their definitions."""

import ctypes
import importlib.util
import os
from pathlib import Path
import subprocess
import sys

BOND = {
    "Constants": "float32 DEFAULT_HEARTBEAT_PERIOD = 1.0\n",
    "Status": "std_msgs/Header header\nstring id\nstring instance_id\nbool active\n"
    "float32 heartbeat_timeout\nfloat32 heartbeat_period\n",
}
"""The fields of package bond, by message."""

_CMAKE = """\
cmake_minimum_required(VERSION 3.20)
project({name} LANGUAGES C CXX)
find_package(ament_cmake REQUIRED)
find_package(rosidl_default_generators REQUIRED)
find_package(std_msgs REQUIRED)
get_property(targets DIRECTORY PROPERTY IMPORTED_TARGETS)
foreach(target IN LISTS targets)  # see the package's own CMakeLists.txt
  get_target_property(folders ${{target}} INTERFACE_INCLUDE_DIRECTORIES)
  if(folders)
    list(FILTER folders EXCLUDE REGEX "^/opt/")
    set_target_properties(${{target}} PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${{folders}}")
  endif()
endforeach()
rosidl_generate_interfaces({name} {files} DEPENDENCIES std_msgs)
ament_package()
"""
_PACKAGE = """\
<package format="3">
  <name>{name}</name><version>0.0.0</version><description>messages</description>
  <maintainer email="nobody@example.org">nobody</maintainer><license>Apache-2.0</license>
  <depend>std_msgs</depend><member_of_group>rosidl_interface_packages</member_of_group>
</package>
"""


def build(name: str, definitions: dict[str, str], folder: Path) -> None:
    """Build a package of messages; its prefix is the folder."""
    (folder / "msg").mkdir(parents=True)
    for kind, text in definitions.items():
        (folder / "msg" / f"{kind}.msg").write_text(text)
    files = " ".join(f"msg/{kind}.msg" for kind in definitions)
    (folder / "CMakeLists.txt").write_text(_CMAKE.format(name=name, files=files))
    (folder / "package.xml").write_text(_PACKAGE.format(name=name))
    environment = {**os.environ, "CMAKE_PREFIX_PATH": sys.prefix}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    build = folder / "build"
    configure = ["cmake", "-G", "Ninja", "-S", str(folder), "-B", str(build)]
    configure += [f"-DCMAKE_INSTALL_PREFIX={folder}", f"-DPython3_EXECUTABLE={sys.executable}"]
    configure += ["-DCMAKE_BUILD_TYPE=Debug", f"-DCMAKE_INSTALL_RPATH={folder / 'lib'}"]
    for command in (configure, ["cmake", "--build", str(build), "--target", "install"]):
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def load(name: str, folder: Path) -> None:
    """Make a package that was built importable in this process."""
    for library in (folder / "lib").glob("*.so"):  # ROS finds them by name once they are loaded
        ctypes.CDLL(str(library), ctypes.RTLD_GLOBAL)
    [packages] = (folder / "lib").glob("python*/site-packages")
    sys.path.append(str(packages))
    assert importlib.util.find_spec(name)
