"""``edgec profile --qemu``: instructions by layer."""

from collections.abc import Callable
import json
from pathlib import Path

from cross import edgec, run_edgec
import pytest

from edge_compiler import toolchain
from edge_compiler.errors import CompileError

MACS = {"conv": 16 * 16 * 16 * 3 * 9, "head": 16 * 16 * 16 * 8}
"""Of the small model's convolutions, whose 8 and 3 channels are computed as a block of 16."""


@pytest.fixture(scope="session", params=["aarch64", "armv7"])
def bundle(
    request: pytest.FixtureRequest, made_once: Callable[..., Path], tiny_onnx: Path
) -> Path:
    """Return the path of a small model compiled for Arm."""
    target: str = request.param
    try:
        toolchain.get(target).find_compiler()
        toolchain.get(target).emulator()
    except CompileError as error:
        pytest.skip(str(error))
    return made_once(
        f"tiny-{target}.edge",
        lambda path: edgec("compile", tiny_onnx, "-o", path, "--target", target),
    )


def refusal(*arguments: object, path: str | None = None) -> tuple[int, str]:
    """Run edgec, which must fail, and return its exit code and its complaint."""
    done = run_edgec(arguments, path)
    assert "Traceback" not in done.stderr
    said = (line for line in done.stderr.splitlines() if not line.endswith("lists its options"))
    return done.returncode, list(said)[-1]


def test_steps_are_counted_with_their_groups(bundle: Path) -> None:
    counted = json.loads(edgec("profile", bundle, "--qemu", "--json"))
    steps = counted["steps"]
    assert counted["instructions"] == sum(step["instructions"] for step in steps)
    assert sum(step["share"] for step in steps) == pytest.approx(1)
    assert sum(group["instructions"] for group in counted["groups"]) == counted["instructions"]
    by_name = {step["step"]: step for step in steps}
    for name, macs in MACS.items():
        assert by_name[name]["per_mac"] == by_name[name]["instructions"] / macs
        assert 0.25 < by_name[name]["per_mac"] < 1  # an instruction multiplies 4 pairs at best
    assert by_name["softmax"]["per_mac"] is None
    assert by_name["softmax"]["group"] == "pool + softmax"
    assert by_name["conv"]["group"] == "convolution + activation + concat"


def test_counts_repeat(bundle: Path) -> None:
    first, second = (
        json.loads(edgec("profile", bundle, "--qemu", "--json"))["instructions"] for _ in range(2)
    )
    assert first == pytest.approx(second, rel=2e-4)


def test_the_table_says_that_these_are_no_times(bundle: Path) -> None:
    printed = edgec("profile", bundle, "--qemu", "--sort", "time")
    assert "These are instructions and not times" in printed
    assert printed.split("\n")[2].split()[1] == "conv"  # the largest layer


def test_the_processor_can_be_chosen(bundle: Path) -> None:
    known = "cortex-a76" if "aarch64" in bundle.name else "cortex-a7"
    counted = json.loads(edgec("profile", bundle, "--qemu", "--cpu", known, "--json"))
    assert counted["processor"] == known
    code, complaint = refusal("profile", bundle, "--qemu", "--cpu", "pentium")
    assert code == 1
    assert complaint.startswith("edgec: error: unknown processor 'pentium' for --cpu; there are: ")
    assert known in complaint


def test_a_missing_emulator_is_named(bundle: Path, tmp_path: Path) -> None:
    code, complaint = refusal("profile", bundle, "--qemu", path=str(tmp_path))
    assert code == 1
    assert "was not found; install it: edgec toolchain install" in complaint


def test_a_bundle_for_this_machine_is_refused(tiny_bundle: Path) -> None:
    code, complaint = refusal("profile", tiny_bundle, "--qemu")
    assert code == 1
    assert "which is not emulated; leave out --qemu to measure times" in complaint


@pytest.mark.parametrize("options", [("--cpu", "cortex-a72"), ("--qemu", "--threads", "2")])
def test_options_that_exclude_each_other(options: tuple[str, ...], tmp_path: Path) -> None:
    code, complaint = refusal("profile", tmp_path, *options)
    assert code == 2
    assert options[-2] in complaint
