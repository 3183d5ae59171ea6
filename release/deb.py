"""The package of Debian for a robot without ROS: made of the wheel that suits every machine."""

from __future__ import annotations

from collections.abc import Iterator
import gzip
import hashlib
import os
from pathlib import Path
import shutil
import subprocess
import tempfile
import time
import zipfile

from argcomplete.shell_integration import shellcode

from release import manual
from release.facts import EPOCH, MAINTAINER, NAME, ROOT, VERSION

PACKAGE = "edge-perception-robot"
PROGRAMS = {"edge-robot": "edge_perception.cli", "edgec": "edge_perception.runtime.__main__"}
"""By name: whose ``main`` they run. The compiler is no part of this package."""
CONFIGURATION = {
    "default/edge-robot": "deploy/edge-robot.default",
    "edge-robot/robot.yaml": "config/robot.yaml",
    "edge-robot/rules.yaml": "config/rules.yaml",
}
"""Files below /etc, by what they are in the sources; dpkg keeps what users change there."""
SHARED = ("config", "msg", "srv", "templates", "package.xml")
"""What the package has below share/ for the robot; launch files are for ROS."""
TEMPLATES = ROOT / "release" / "debian"


def build(wheel: Path, out: Path, date: int) -> Path:
    """
    Build the package.

    :param wheel: without messages of ROS 2.
    :param out: the folder for it.
    :param date: that its files get [s since 1970].
    :returns: the package; the same sources give the same bytes.
    """
    package = out / f"{PACKAGE}_{VERSION}_all.deb"
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch, "root")
        _add_python(wheel, root / "usr")
        _add_programs(root / "usr", date)
        _add_documents(root / "usr/share/doc" / PACKAGE, date)
        for place, source in CONFIGURATION.items():
            _write(root / "etc" / place, (ROOT / source).read_bytes())
        _add_to_system(root / "usr/lib")
        _add_control(root)
        for path in (root, *root.rglob("*")):
            is_open = path.is_dir() or path.stat().st_mode & 0o100
            path.chmod(0o755 if is_open else 0o644)
        command = ["dpkg-deb", "--root-owner-group", "-Zxz", "--build", str(root), str(package)]
        environment = {**os.environ, EPOCH: str(date)}
        subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
    return package


def _add_python(wheel: Path, prefix: Path) -> None:
    """Add the modules, and what lies below share/."""
    with tempfile.TemporaryDirectory() as scratch, zipfile.ZipFile(wheel) as files:
        files.extractall(scratch)
        shutil.move(Path(scratch, NAME), prefix / "lib/python3/dist-packages" / NAME)
        share = Path(scratch, f"{NAME}-{VERSION}.data", "data", "share", NAME)
        for name in SHARED:
            shutil.move(share / name, prefix / "share" / NAME / name)


def _add_programs(prefix: Path, date: int) -> None:
    """Add the commands with their manual pages and what lets the shell complete them."""
    pages = manual.pages(date)
    for name, module in PROGRAMS.items():
        program = prefix / "bin" / name
        text = f"import sys\n\nfrom {module} import main\n\nsys.exit(main())\n"
        _write(program, f"#!/usr/bin/python3\n# PYTHON_ARGCOMPLETE_OK\n{text}".encode())
        program.chmod(0o755)
        page = gzip.compress(pages[name].encode(), mtime=0)
        _write(prefix / f"share/man/man1/{name}.1.gz", page)
    completion = shellcode(["edge-robot"], shell="bash")
    _write(prefix / "share/bash-completion/completions/edge-robot", completion.encode())


def _add_documents(folder: Path, date: int) -> None:
    when = time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime(date))
    entry = f"{PACKAGE} ({VERSION}) unstable; urgency=medium\n\n  * See NEWS.\n\n"
    log = gzip.compress(f"{entry} -- {MAINTAINER}  {when}\n".encode(), mtime=0)
    _write(folder / "changelog.gz", log)
    _write(folder / "NEWS.gz", gzip.compress((ROOT / "CHANGELOG.md").read_bytes(), mtime=0))
    _write(folder / "copyright", _filled("copyright"))
    _write(folder / "README.Debian", _filled("README.Debian"))


def _add_to_system(folder: Path) -> None:
    """Add the service, its user, and the groups of its devices."""
    service = (ROOT / "deploy/edge-robot.service").read_text("utf-8")
    assert "/opt/edge_perception/bin/" in service
    service = service.replace("/opt/edge_perception/bin/", "/usr/bin/")
    _write(folder / "systemd/system/edge-robot.service", service.encode())
    for place, kind in (
        (f"sysusers.d/{PACKAGE}.conf", "sysusers"),
        (f"udev/rules.d/60-{PACKAGE}.rules", "rules"),
    ):
        _write(folder / place, (ROOT / f"deploy/edge-robot.{kind}").read_bytes())


def _add_control(root: Path) -> None:
    """Add what dpkg reads: the description, digests, configuration and scripts."""
    control = root / "DEBIAN"
    files = sorted(path for path in root.rglob("*") if path.is_file())
    size = sum(-(-path.stat().st_size // 1024) for path in files)
    _write(control / "control", _filled("control").replace(b"@SIZE@", str(size).encode()))
    _write(control / "md5sums", "".join(_digests(root, files)).encode())
    _write(control / "conffiles", "".join(f"/etc/{name}\n" for name in CONFIGURATION).encode())
    for name in ("postinst", "prerm", "postrm"):
        _write(control / name, _filled(name))
        (control / name).chmod(0o755)


def _digests(root: Path, files: list[Path]) -> Iterator[str]:
    for path in files:
        place = path.relative_to(root)
        if place.parts[0] != "etc":
            digest = hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
            yield f"{digest}  {place}\n"


def _filled(name: str) -> bytes:
    text = (TEMPLATES / name).read_text("utf-8")
    return text.replace("@VERSION@", VERSION).replace("@MAINTAINER@", MAINTAINER).encode()


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
