"""
The package of Debian in a Debian that has nothing else: it decides, is a service, and goes again.

``make test-dist`` runs it, as root: it makes a Debian of packages and starts its systemd.
"""

from collections.abc import Callable
from pathlib import Path
import shutil

from installing import run
import pytest

from release.deb import PACKAGE

NEEDED = "dbus python3-argcomplete systemd-sysv"
NSPAWN = "/usr/bin/systemd-nspawn"
PROBE = """
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'sh /opt/probe.sh >/opt/said 2>&1; systemctl --no-block poweroff'
"""
LIFE = f"""
set -ex
pid() {{ systemctl show --property MainPID --value edge-robot; }}
decides() {{ until journalctl --quiet _PID=$(pid) | grep "go (seen"; do sleep 0.2; done; }}

systemctl enable --now edge-robot
decides
runuser -u edge-robot -- env EDGE_ROBOT_RUN=/run/edge-robot edge-robot ps | grep /decision

: an upgrade starts it anew
first=$(pid)
dpkg -i /opt/robot.deb
decides
test $first != $(pid)

: after a crash it comes back
second=$(pid)
kill -9 $second
until test $(pid) != $second -a $(pid) != 0; do sleep 0.2; done
decides

: an upgrade leaves it alone where it stands still
systemctl stop edge-robot
dpkg -i /opt/robot.deb
test $(systemctl is-active edge-robot) = inactive

systemctl start edge-robot
dpkg --purge {PACKAGE}
test $(systemctl is-active edge-robot) = inactive
: it was well
"""


@pytest.mark.skipif(shutil.which("lintian") is None, reason="apt install lintian")
def test_package_keeps_to_the_rules_of_debian(dist: Path) -> None:
    assert run("/usr/bin/lintian", "--fail-on", "error,warning", *dist.glob("*.deb")) == ""


@pytest.fixture(scope="module")
def debian(dist: Path, tmp_path_factory: pytest.TempPathFactory, tiny_bundle: Path) -> Path:
    """Return a root made of Debian's packages and ours, with a model."""
    if shutil.which("mmdebstrap") is None:
        pytest.skip("apt install mmdebstrap")
    root = tmp_path_factory.mktemp("debian") / "root"
    root.mkdir()
    [package] = dist.glob("*.deb")
    apt = "DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends"
    hooks = [
        f'cp {package} "$1/opt/robot.deb"',
        f'chroot "$1" sh -c "{apt} /opt/robot.deb {NEEDED}"',
    ]
    options = ["--variant=minbase", "--dpkgopt=force-unsafe-io"]
    options += [f"--customize-hook={hook}" for hook in hooks]
    run("/usr/bin/mmdebstrap", *options, "bookworm", root)
    shutil.copytree(tiny_bundle, root / "opt" / "models" / "model.edge")
    return root


def inside(root: Path, *command: object) -> str:
    """Run a command in a root, as the robot's user."""
    own = ["--fork", "--pid", f"--mount-proc={root}/proc"]
    return run("/usr/bin/unshare", *own, "chroot", "--userspec=edge-robot", root, *command)


def test_its_user_decides_and_may_open_devices(
    debian: Path, sees_red: Callable[..., list[str]]
) -> None:
    groups = inside(debian, "id", "--groups", "--name").split()
    assert {"dialout", "gpio", "i2c", "video"} < {*groups}
    [rules] = [option for option in sees_red() if option.startswith("--rules=")]
    shutil.copyfile(rules.partition("=")[2], debian / "etc" / "edge-robot" / "rules.yaml")
    given = ["--model=/opt/models/model.edge", "--rules=/etc/edge-robot/rules.yaml"]
    up = ["edge-robot", "up", "--transport=local", "--once", "--camera=pattern:48x32"]
    assert "seen" in inside(debian, *up, *given)
    assert "is right" in inside(debian, "edgec", "verify", "/opt/models/model.edge")


def test_the_shell_completes_its_commands(debian: Path) -> None:
    ask = "_ARGCOMPLETE=1 COMP_LINE='edge-robot do' COMP_POINT=13 edge-robot 8>&1 9>/dev/null"
    assert "doctor" in inside(debian, "bash", "-c", ask)


@pytest.mark.skipif(not Path(NSPAWN).exists(), reason="apt install systemd-container")
def test_it_is_a_service_until_it_is_purged(debian: Path) -> None:
    defaults = debian / "etc" / "default" / "edge-robot"
    defaults.write_text(defaults.read_text().replace("/dev/video0", "pattern:48x32"))
    (debian / "opt" / "probe.sh").write_text(LIFE)
    unit = debian / "etc" / "systemd" / "system" / "probe.service"
    unit.write_text(PROBE)
    wanted = unit.parent / "multi-user.target.wants" / unit.name
    wanted.symlink_to(f"../{unit.name}")
    boot = ["--boot", "--register=no", "--keep-unit", "--private-network", "--console=pipe"]
    run("/usr/bin/timeout", 600, NSPAWN, *boot, "--directory", debian)
    said = (debian / "opt" / "said").read_text()
    assert said.endswith(": it was well\n"), said
    ours = ["-name", "*edge[-_]perception*", "-o", "-name", "*edge-robot*"]
    found = run("/usr/sbin/chroot", debian, "find", "/etc", "/usr", "/var/lib", *ours)
    assert found.split() == []
