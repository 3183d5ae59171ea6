"""Which bundles a machine takes, by what Linux says of it."""

import platform
import sys

import pytest

from edge_perception.runtime.architecture import architecture

CASES = [
    ("x86_64", 64, "x86_64"),
    ("AMD64", 64, "x86_64"),
    ("aarch64", 64, "aarch64"),
    ("arm64", 64, "aarch64"),
    ("aarch64", 32, "arm"),  # a 32-bit system on a 64-bit kernel
    ("armv7l", 32, "arm"),
    ("armv8l", 32, "arm"),
    ("armv6l", 32, "armv6l"),  # lacks instructions that every bundle for arm has
    ("riscv64", 64, "riscv64"),
]


@pytest.mark.parametrize(("machine", "bits", "expected"), CASES)
def test_architecture_is_that_of_the_programs_that_run(
    monkeypatch: pytest.MonkeyPatch, machine: str, bits: int, expected: str
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: machine)
    monkeypatch.setattr(sys, "maxsize", 2 ** (bits - 1) - 1)
    assert architecture() == expected
