from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
import shutil
import subprocess

from processes import Process
import pytest
from toy import Toy

from edge_perception.robot.plan import Start
from edge_perception.transport.shell import Shell
from edge_perception.transport.sp import registry
from edge_perception.transport.sp.address import Identity
from edge_perception.transport.sp.choice import CHOICE, choose
from edge_perception.transport.sp.endpoints import SpEndpoints
from edge_perception.transport.sp.sockets import Sockets


@pytest.fixture(params=["nng", "plain"])
def implementation(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the name of an implementation of the sockets, which processes choose from now on."""
    if request.param == "nng":
        pytest.importorskip("pynng")
    monkeypatch.setenv(CHOICE, request.param)
    return str(request.param)


@pytest.fixture
def sockets(implementation: str) -> Sockets:
    return choose(implementation)


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no test see the processes of another one."""
    (tmp_path / "run").mkdir(mode=0o700)
    monkeypatch.setenv(registry.VARIABLE, str(tmp_path / "run"))


@pytest.fixture
def streams(request: pytest.FixtureRequest) -> int:
    """Return how many hostile peers there are."""
    return int(request.config.getoption("--streams"))


@pytest.fixture
def chaos(request: pytest.FixtureRequest) -> float:
    """Return for how many seconds processes are killed and stopped."""
    return float(request.config.getoption("--chaos"))


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


class Asked(Toy):
    """A toy that can be asked, too."""

    inputs = tuple(
        replace(port, service="toy_interfaces/srv/Say" if port.name == "text" else "")
        for port in Toy.inputs
    )


@pytest.fixture
def toy(stack: ExitStack) -> tuple[Process, Shell]:
    process = Process(stack, "one")
    endpoints = SpEndpoints(process.bus, Start("toy", ""), process.link, lambda *words: None)
    shell = Shell(Asked, endpoints)
    process.services.add(shell, endpoints)
    process.link.nodes = process.services.nodes
    assert shell.configure()
    assert shell.activate()
    stack.callback(shell.clean_up)
    return process, shell


@pytest.fixture(scope="session")
def identities(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Identity]:
    """Return ours and a friend's, who trust each other, and a stranger's."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl, which makes the certificates, is not installed")
    folder = tmp_path_factory.mktemp("certificates")
    made = {name: _certificate(folder, name) for name in ("ours", "friend", "stranger")}
    trusted = folder / "trusted.pem"
    trusted.write_text("".join(made[name].read_text() for name in ("ours", "friend")))
    everybody = folder / "everybody.pem"
    everybody.write_text("".join(one.read_text() for one in made.values()))
    return {
        "ours": Identity(folder / "ours.key.pem", trusted),
        "friend": Identity(folder / "friend.key.pem", trusted),
        "stranger": Identity(folder / "stranger.key.pem", everybody),
    }


def _certificate(folder: Path, name: str) -> Path:
    key, certificate = folder / f"{name}.key", folder / f"{name}.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-days", "2", "-subj", "/CN=edge-robot", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    (folder / f"{name}.key.pem").write_text(certificate.read_text() + key.read_text())
    return certificate
