"""Who reads a call in a kernel knows the header that defines the function."""

from __future__ import annotations

from pathlib import Path
import re

import pytest

from edge_compiler.targets.c.headers import HEADERS

_DEFINITION = re.compile(
    r"^ *(?:INLINE|NOINLINE|LONG_CODE)\s[\w\s*]*?(\w+)(?:##\w+)*\(", re.MULTILINE
)


@pytest.mark.parametrize("header", HEADERS, ids=lambda header: header.name)
def test_functions_begin_with_the_name_of_their_header(header: Path) -> None:
    names = _DEFINITION.findall(header.read_text())
    assert names
    assert [name for name in names if not f"{name}_".startswith(f"{header.stem}_")] == []
