"""``edgec toolchain`` as a user runs it."""

from collections.abc import Callable
from pathlib import Path
import signal
import subprocess
import sys

from fake_mirror import Mirror
import pytest

from edge_compiler import cli, toolchain

ROOT = Path(__file__).resolve().parents[2]
INSTALL = [sys.executable, "-m", "edge_compiler", "toolchain", "install", "aarch64-acl"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_interrupted_install_leaves_nothing_that_looks_installed(
    mirror: Mirror, cache: Path, number: int
) -> None:
    assert mirror.content is not None
    mirror.content = bytes(4_000_000)
    mirror.stop_at = 1_000_000
    with subprocess.Popen(INSTALL, cwd=ROOT, stderr=subprocess.PIPE) as process:
        assert mirror.stopped.wait(60)
        process.send_signal(number)
        process.communicate(timeout=60)
    assert process.returncode == (-number if number == signal.SIGKILL else 128 + number)
    assert not list(cache.glob("toolchains/acl*"))

    mirror.stop_at = None
    done = subprocess.run(INSTALL, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    sentence = done.stderr.splitlines()[-1]
    assert sentence.startswith("edgec: error: libarm-compute-dev_24.11+dfsg-3_arm64.deb from http")
    assert "is not the pinned file" in sentence
    assert not list(cache.glob("toolchains/acl*"))


def test_list_and_remove(
    only_programs: Callable[..., Path], cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    only_programs()
    assert cli.main(["toolchain", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()[2:]
    assert [line.split()[0] for line in lines] == [tools.name for tools in toolchain.TOOLCHAINS]
    assert all("incomplete, see edgec doctor" in line for line in lines)

    folder = cache / "toolchains" / "acl-24.11-armhf"
    (folder / "lib").mkdir(parents=True)
    for says in (f"{folder} is removed", f"there is no {folder}"):
        assert cli.main(["toolchain", "remove", "armv7-acl"]) == 0
        output = capsys.readouterr()
        assert output.out == f"{says}\n"
        assert "sudo apt-get remove g++-arm-linux-gnueabihf" in output.err
    assert not folder.exists()


def test_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    for action in ("install", "remove"):
        assert cli.main(["toolchain", action, "armv8"]) == 1
        assert "unknown toolchain 'armv8'; did you mean" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        cli.main(["toolchain"])
