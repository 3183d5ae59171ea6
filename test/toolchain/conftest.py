"""A small package in the place of the Arm Compute Library, and apt configured to get it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
import hashlib
from pathlib import Path
import shutil
import subprocess

from fake_mirror import FILES, Mirror, serve
import pytest

from edge_compiler.toolchain import archive
from edge_compiler.toolchain.acl import Acl, ACL_ARM64
from edge_compiler.toolchain.apt import HELPER


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of a cache of the test's own."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("EDGE_CACHE", str(folder))
    return folder


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Return a function that makes this machine another one."""
    return lambda name: monkeypatch.setattr("platform.machine", lambda: name)


@pytest.fixture
def package(tmp_path: Path) -> bytes:
    """Return a package that looks like that of the library."""
    if not shutil.which("dpkg-deb") or not Path(HELPER).is_file():
        pytest.skip("needs Debian's apt and dpkg")
    root, package = tmp_path / "package", tmp_path / "package.deb"
    for name, content in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    (root / "usr/lib/aarch64-linux-gnu/libarm_compute.so").symlink_to("libarm_compute.so.43")
    command = ["dpkg-deb", "-Znone", "--root-owner-group", "--build", root, package]
    subprocess.run(command, check=True, capture_output=True)
    return package.read_bytes()


@pytest.fixture
def mirror(package: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    """Return the only mirror that apt is configured for."""
    mirror = Mirror(package)
    with serve(mirror):
        sources, configuration = tmp_path / "sources.list", tmp_path / "apt.conf"
        sources.write_text(f"deb [trusted=yes] {mirror.address} trixie main\n")
        configuration.write_text(
            f'Dir::Etc::sourcelist "{sources}"; Dir::Etc::sourceparts "-";\n'
            'Acquire::http::Proxy "DIRECT"; Acquire::Retries "0";\n'
        )
        monkeypatch.setenv("APT_CONFIG", str(configuration))
        monkeypatch.setattr(archive, "PUBLIC", ())
        yield mirror


@pytest.fixture
def library(package: bytes, cache: Path) -> Acl:
    """Return that package as the library, not installed yet."""
    return replace(ACL_ARM64, size=len(package), sha256=hashlib.sha256(package).hexdigest())


@pytest.fixture
def only_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Return a function that leaves only the named programs on the path; it gives the folder."""

    def leave(*names: str) -> Path:
        folder = tmp_path / "bin"
        folder.mkdir()
        for name in names:
            found = shutil.which(name)
            assert found is not None
            (folder / name).symlink_to(found)
        monkeypatch.setenv("PATH", str(folder))
        return folder

    return leave
