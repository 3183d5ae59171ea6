"""Which compiler and emulator a target gets, on which machine."""

from collections.abc import Callable
import json
from pathlib import Path
import shutil
import subprocess
import sys

import pytest

from edge_compiler import cli, targets, toolchain
from edge_compiler.errors import CompileError
from edge_compiler.toolchain import processors
from edge_compiler.toolchain.processors import Processor

CAPABILITIES = """
#include <stdio.h>
#include <sys/auxv.h>
#include <asm/hwcap.h>

int main(void)
{
    static const struct { const char *name; unsigned long bit; } known[] = {%s};
    for (unsigned i = 0; i < sizeof known / sizeof *known; i++)
        if (getauxval(AT_HWCAP) & known[i].bit)
            printf("%%s ", known[i].name);
    printf("\\n");
    char line[300];
    FILE *file = fopen("/proc/cpuinfo", "r");
    while (fgets(line, sizeof line, file))
        fputs(line, stdout);
    return 0;
}
"""
HWCAP = {
    "aarch64": "FP ASIMD AES PMULL SHA1 SHA2 CRC32 ATOMICS FPHP ASIMDHP ASIMDRDM ASIMDDP LRCPC",
    "armv7": "HALF THUMB EDSP NEON VFPv3 VFPv4 IDIVA IDIVT LPAE",
}


def test_unknown_toolchain_is_refused_with_a_hint() -> None:
    with pytest.raises(CompileError, match="did you mean 'aarch64-acl'"):
        toolchain.get("aarch64-alc")
    with pytest.raises(CompileError, match="there are: host, aarch64, "):
        toolchain.get("mips")


def test_every_toolchain_has_a_target() -> None:
    for tools in toolchain.TOOLCHAINS:
        assert targets.get(tools.name).platform.tools is tools


def test_cross_compiler_and_emulator(
    machine: Callable[[str], None], only_programs: Callable[..., Path], cache: Path
) -> None:
    machine("x86_64")
    folder = only_programs("true")
    tools = toolchain.get("aarch64-acl")
    with pytest.raises(CompileError, match=r"^aarch64-linux-gnu-g\+\+ was not found; install it"):
        tools.find_compiler("c++")
    with pytest.raises(CompileError, match=r"^qemu-aarch64 was not found; install it"):
        tools.emulator()
    for name in ("aarch64-linux-gnu-g++", "qemu-aarch64-static"):
        (folder / name).symlink_to("true")
    assert tools.find_compiler("c++") == "aarch64-linux-gnu-g++"
    qemu, *options, root = tools.emulator(processors.CORTEX_A53)
    assert [qemu, *options] == ["qemu-aarch64-static", "-cpu", "cortex-a53", "-L"]
    assert Path(root, "proc/cpuinfo").read_text().count("0xd03") == 4
    assert Path(root, "lib").readlink() == Path("/usr/aarch64-linux-gnu/lib")


def test_board_compiles_and_runs_for_itself(
    machine: Callable[[str], None],
    only_programs: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    machine("aarch64")
    monkeypatch.delenv("CC", raising=False)
    folder = only_programs("true")
    tools = toolchain.get("aarch64")
    assert tools.emulator() == []
    with pytest.raises(CompileError, match=r"no compiler \(gcc or clang\) was found; install"):
        tools.find_compiler()
    (folder / "clang").symlink_to("true")
    assert tools.find_compiler() == "clang"
    monkeypatch.setenv("CC", "nocc")
    with pytest.raises(CompileError, match=r"named by \$CC, 'nocc', was not found"):
        tools.find_compiler()
    with pytest.raises(CompileError, match=r"'host' is for x86_64.*this machine is aarch64"):
        toolchain.get("host").find_compiler()


def test_32_bit_system_on_a_64_bit_kernel(
    machine: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    machine("aarch64")
    monkeypatch.setattr(sys, "maxsize", 2**31 - 1)
    assert toolchain.get("armv7").machine.native
    assert not toolchain.get("aarch64").machine.native


@pytest.mark.parametrize(
    ("name", "processor"),
    [
        ("aarch64", processors.CORTEX_A53),
        ("aarch64", processors.CORTEX_A72),
        ("aarch64", processors.CORTEX_A76),
        ("aarch64", processors.MAX),
        ("armv7", processors.CORTEX_A7),
    ],
)
def test_emulated_processor_is_what_its_cpuinfo_says(
    name: str, processor: Processor, tmp_path: Path
) -> None:
    tools = toolchain.get(name)
    try:
        command = [*tools.emulator(processor), str(tmp_path / "program")]
        compiler = tools.find_compiler()
    except CompileError as missing:
        pytest.skip(str(missing))
    bits = ",".join(f'{{"{bit.lower()}", HWCAP_{bit}}}' for bit in HWCAP[name].split())
    source = tmp_path / "program.c"
    source.write_text(CAPABILITIES % bits)
    subprocess.run([compiler, source, "-o", command[-1]], check=True)
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    capabilities, cpuinfo = done.stdout.split("\n", 1)
    assert cpuinfo == processor.cpuinfo()
    features = set(processor.features) & set(HWCAP[name].lower().split())
    assert set(capabilities.split()) == features


def test_doctor_tells_what_is_missing_and_how_to_get_it(
    only_programs: Callable[..., Path], cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    only_programs()
    assert cli.main(["doctor"]) == 1
    lines = capsys.readouterr().out.splitlines()
    for tools in toolchain.TOOLCHAINS:
        remedy = f"edgec toolchain install {tools.name}"
        assert any(line.startswith(tools.name) and remedy in line for line in lines)
        assert remedy in lines  # to be copied, however narrow the table is


@pytest.mark.skipif(not shutil.which("gcc"), reason="needs gcc")
def test_doctor_in_scripts(
    only_programs: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv("CC", raising=False)
    only_programs("gcc", "as", "ld")
    assert cli.main(["doctor", "--json"]) == 0  # one target is enough
    report = json.loads(capsys.readouterr().out)
    assert report["host"]["ready"]
    assert report["host"]["parts"][-1]["found"] == "a program was compiled and run"
    assert not report["aarch64"]["ready"]
    assert cli.main(["doctor", "host"]) == 0
    assert cli.main(["doctor", "host", "aarch64"]) == 1
    assert cli.main(["doctor", "hots"]) == 1
    assert "did you mean 'host'" in capsys.readouterr().err


def test_doctor_notices_a_compiler_that_does_not_work(
    only_programs: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("CC", "mycc")
    compiler = only_programs("sh") / "mycc"
    compiler.write_text(
        "#!/bin/sh\n"
        'if [ "$1" = --version ]; then echo mycc 1; exit; fi\n'
        "echo note >&2; echo fatal error: stdio.h: no such file >&2; exit 1\n"
    )
    compiler.chmod(0o755)
    assert cli.main(["doctor", "host"]) == 1
    said = capsys.readouterr().out
    assert "mycc failed: fatal error: stdio.h: no such file" in said
    assert "toolchain install" not in said  # it would help nobody
